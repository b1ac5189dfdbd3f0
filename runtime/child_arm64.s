#include "textflag.h"

// The layout of rawCall and answer (child.go, spawn_arena.go).
#define CALL_NR 0
#define CALL_ARG0 8
#define CALL_ARG1 16
#define CALL_ARG2 24
#define CALL_ARG3 32
#define CALL_ARG4 40
#define CALL_ARG5 48
#define CALL_TOLERATE 56
#define CALL_SAVE 64
#define CALL_STEP 72
#define CALL_INDEX 76
#define CALL_SIZE 80
#define ANSWER_STEP 0
#define ANSWER_ERRNO 4
#define ANSWER_INDEX 8
#define TABLE 64

#define SYS_clone 220
#define SYS_clone3 435
#define SYS_rt_sigaction 134
#define SYS_exit_group 94

// func childClone(flags, stack, parentTID, arena uint64) int64
TEXT ·childClone(SB), NOSPLIT|NOFRAME, $0-40
	MOVD	flags+0(FP), R0
	MOVD	stack+8(FP), R1
	MOVD	parentTID+16(FP), R2
	MOVD	arena+24(FP), R20
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$SYS_clone, R8
	SVC
	CBNZ	R0, parent
	JMP	·childRun(SB)
parent:
	MOVD	R0, ret+32(FP)
	RET

// func childClone3(args *cloneArgs, size, arena uint64) int64
TEXT ·childClone3(SB), NOSPLIT|NOFRAME, $0-32
	MOVD	args+0(FP), R0
	MOVD	size+8(FP), R1
	MOVD	arena+16(FP), R20
	MOVD	$SYS_clone3, R8
	SVC
	CBNZ	R0, parent
	JMP	·childRun(SB)
parent:
	MOVD	R0, ret+24(FP)
	RET

// childRun runs the table of the arena in R20, with R19 on the current call.
// The kernel keeps every register but R0 over a system call. The stack is not
// used.
TEXT ·childRun(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	ADD	$TABLE, R20, R19
run:
	MOVD	CALL_ARG0(R19), R0
	MOVD	CALL_ARG1(R19), R1
	MOVD	CALL_NR(R19), R8
	TBNZ	$63, R8, pseudo
	MOVD	CALL_ARG2(R19), R2
	MOVD	CALL_ARG3(R19), R3
	MOVD	CALL_ARG4(R19), R4
	MOVD	CALL_ARG5(R19), R5
	SVC
	MOVD	CALL_SAVE(R19), R9
	CBZ	R9, judge
	MOVD	R0, (R9)
judge:
	CMN	$4095, R0
	BCC	next // below -4095 as an unsigned number: no error
	NEG	R0, R0
	MOVD	R0, R9
	CMP	$63, R9
	BLS	known
	MOVD	$63, R9
	CMP	$95, R0 // EOPNOTSUPP
	BNE	known
	MOVD	ZR, R9
known:
	MOVD	CALL_TOLERATE(R19), R10
	LSR	R9, R10, R10
	TBNZ	$0, R10, next
fail:
	MOVW	CALL_INDEX(R19), R9
	MOVW	CALL_STEP(R19), R10
	MOVW	R0, ANSWER_ERRNO(R20)
	MOVW	R9, ANSWER_INDEX(R20)
	MOVW	R10, ANSWER_STEP(R20)
	MOVD	R10, R0
	MOVD	$SYS_exit_group, R8
	SVC
	BRK	// not reached
next:
	ADD	$CALL_SIZE, R19
	JMP	run

pseudo:
	CMN	$1, R8
	BEQ	decimal
	CMN	$2, R8
	BEQ	move
	CMN	$3, R8
	BEQ	reset
	JMP	fail // pseudoFail: the errno is in R0

decimal:
	MOVD	(R0), R9
	MOVD	$10, R10
	MOVD	R9, R11
	// Walk to the end of the number, then write it backwards.
width:
	ADD	$1, R1
	UDIV	R10, R11, R11
	CBNZ	R11, width
	MOVB	ZR, (R1)
digit:
	UDIV	R10, R9, R11
	MSUB	R10, R9, R11, R12 // R9 - R11*R10
	ADD	$48, R12
	SUB	$1, R1
	MOVB	R12, (R1)
	MOVD	R11, R9
	CBNZ	R9, digit
	JMP	next

move:
	MOVD	(R0), R9
	MOVD	R9, (R1)
	CMN	$4095, R9
	BCC	next
	MOVD	CALL_ARG2(R19), R10
	MOVD	$CALL_SIZE, R11
	MADD	R11, R19, R10, R19 // R19 + R10*R11
	JMP	next

reset:
	MOVD	R0, R21
	MOVD	$1, R22
signal:
	MOVD	R22, R0
	MOVD	R21, R1
	MOVD	ZR, R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigaction, R8
	SVC
	ADD	$1, R22
	CMP	$64, R22
	BLS	signal
	JMP	next
