#include "textflag.h"

// The signal is in R0, its siginfo in R1. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one, nor the number
// of another sender, at 16 (rt_sigqueueinfo(2)). All ways on are jumps, so that
// what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVW	8(R1), R3
	CMPW	$0, R3
	BGT	fault
	MOVD	·lastWill(SB), R4
	CBZ	R4, sent
	MOVW	16(R1), R3
	MOVW	(R4), R5
	CMPW	R5, R3
	BEQ	own
sent:
	B	·signalHandler(SB)
own:
	B	·executeWill(SB)
fault:
	MOVD	$·goHandlers(SB), R3
	MOVD	(R3)(R0<<3), R3
	JMP	(R3)

// The will (will.go) is in R4. The thread that execve(2) is called from keeps
// its descriptors: they are the loop's, which is the process's first one.
TEXT ·executeWill(SB), NOSPLIT|NOFRAME, $0
	MOVD	R4, R20
	MOVD	$178, R8 // gettid
	SVC
	MOVD	(R20), R5
	CMP	R5, R0
	BEQ	first
	MOVD	R5, R0
	MOVD	R5, R1
	MOVD	$6, R2 // SIGABRT
	MOVD	$131, R8 // tgkill
	SVC
wait:
	MOVD	ZR, R0
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	$73, R8 // ppoll
	SVC
	B	wait
first:
	MOVD	$3, R21
next:
	MOVD	R21, R0
	MOVD	$2, R1 // F_SETFD
	MOVD	ZR, R2
	MOVD	$25, R8 // fcntl
	SVC
	ADD	$1, R21
	CMP	$65536, R21
	BLT	next
	MOVD	8(R20), R0
	MOVD	16(R20), R1
	MOVD	24(R20), R2
	MOVD	$221, R8 // execve
	SVC
	MOVD	$2, R0
	MOVD	$94, R8 // exit_group
	SVC
	BRK

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	MOVD	$·signalGuard(SB), R0
	MOVD	R0, ret+0(FP)
	RET
