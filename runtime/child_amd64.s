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

#define SYS_clone 56
#define SYS_clone3 435
#define SYS_rt_sigaction 13
#define SYS_exit_group 231

// func childClone(flags, stack, parentTID, arena uint64) int64
TEXT ·childClone(SB), NOSPLIT|NOFRAME, $0-40
	MOVQ	flags+0(FP), DI
	MOVQ	stack+8(FP), SI
	MOVQ	parentTID+16(FP), DX
	MOVQ	arena+24(FP), R13
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$SYS_clone, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	parent
	JMP	·childRun(SB)
parent:
	MOVQ	AX, ret+32(FP)
	RET

// func childClone3(args *cloneArgs, size, arena uint64) int64
TEXT ·childClone3(SB), NOSPLIT|NOFRAME, $0-32
	MOVQ	args+0(FP), DI
	MOVQ	size+8(FP), SI
	MOVQ	arena+16(FP), R13
	MOVL	$SYS_clone3, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	parent
	JMP	·childRun(SB)
parent:
	MOVQ	AX, ret+24(FP)
	RET

// childRun runs the table of the arena in R13, with R12 on the current call.
// The kernel keeps both over a system call. The stack is not used.
TEXT ·childRun(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	LEAQ	TABLE(R13), R12
run:
	MOVQ	CALL_ARG0(R12), DI
	MOVQ	CALL_ARG1(R12), SI
	MOVQ	CALL_NR(R12), AX
	TESTQ	AX, AX
	JLT	pseudo
	MOVQ	CALL_ARG2(R12), DX
	MOVQ	CALL_ARG3(R12), R10
	MOVQ	CALL_ARG4(R12), R8
	MOVQ	CALL_ARG5(R12), R9
	SYSCALL
	MOVQ	CALL_SAVE(R12), BX
	TESTQ	BX, BX
	JZ	judge
	MOVQ	AX, (BX)
judge:
	CMPQ	AX, $-4095
	JCS	next // below it as an unsigned number: no error
	NEGQ	AX
	MOVQ	AX, CX
	CMPQ	CX, $63
	JLS	known
	MOVL	$63, CX
	CMPQ	AX, $95 // EOPNOTSUPP
	JNE	known
	XORL	CX, CX
known:
	MOVQ	CALL_TOLERATE(R12), DX
	BTQ	CX, DX
	JCS	next
fail:
	MOVL	CALL_INDEX(R12), BX
	MOVL	CALL_STEP(R12), DI
	MOVL	AX, ANSWER_ERRNO(R13)
	MOVL	BX, ANSWER_INDEX(R13)
	MOVL	DI, ANSWER_STEP(R13)
	MOVL	$SYS_exit_group, AX
	SYSCALL
	INT	$3 // not reached
next:
	ADDQ	$CALL_SIZE, R12
	JMP	run

pseudo:
	CMPQ	AX, $-1
	JEQ	decimal
	CMPQ	AX, $-2
	JEQ	move
	CMPQ	AX, $-3
	JEQ	reset
	MOVQ	DI, AX // pseudoFail
	JMP	fail

decimal:
	MOVQ	(DI), AX
	MOVL	$10, CX
	MOVQ	AX, BX
	// Walk to the end of the number, then write it backwards.
width:
	INCQ	SI
	XORL	DX, DX
	DIVQ	CX
	TESTQ	AX, AX
	JNZ	width
	MOVB	$0, (SI)
	MOVQ	BX, AX
digit:
	DECQ	SI
	XORL	DX, DX
	DIVQ	CX
	ADDL	$48, DX
	MOVB	DX, (SI)
	TESTQ	AX, AX
	JNZ	digit
	JMP	next

move:
	MOVQ	(DI), AX
	MOVQ	AX, (SI)
	CMPQ	AX, $-4095
	JCS	next
	MOVQ	CALL_ARG2(R12), AX
	IMULQ	$CALL_SIZE, AX
	ADDQ	AX, R12
	JMP	next

reset:
	MOVQ	DI, SI // the structure
	MOVL	$1, BX
signal:
	MOVQ	BX, DI
	XORL	DX, DX
	MOVL	$8, R10
	MOVL	$SYS_rt_sigaction, AX
	SYSCALL
	INCQ	BX
	CMPQ	BX, $64
	JLS	signal
	JMP	next
