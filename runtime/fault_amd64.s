#include "textflag.h"

// The signal is in DI, its siginfo in SI. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one, nor the number
// of another sender, at 16 (rt_sigqueueinfo(2)). All ways on are jumps, so that
// what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVL	8(SI), AX
	TESTL	AX, AX
	JGT	fault
	MOVQ	·lastWill(SB), CX
	TESTQ	CX, CX
	JEQ	sent
	MOVL	16(SI), AX
	CMPL	AX, (CX)
	JEQ	own
sent:
	JMP	·signalHandler(SB)
own:
	JMP	·executeWill(SB)
fault:
	MOVL	DI, CX
	LEAQ	·goHandlers(SB), AX
	MOVQ	(AX)(CX*8), AX
	JMP	AX

// The will (will.go) is in CX. The thread that execve(2) is called from keeps
// its descriptors: they are the loop's, which is the process's first one.
TEXT ·executeWill(SB), NOSPLIT|NOFRAME, $0
	MOVQ	CX, R12
	MOVQ	$186, AX // gettid
	SYSCALL
	CMPQ	AX, (R12)
	JEQ	first
	MOVQ	(R12), DI
	MOVQ	(R12), SI
	MOVQ	$6, DX // SIGABRT
	MOVQ	$234, AX // tgkill
	SYSCALL
wait:
	MOVQ	$34, AX // pause
	SYSCALL
	JMP	wait
first:
	MOVQ	$3, R13
next:
	MOVQ	R13, DI
	MOVQ	$2, SI // F_SETFD
	MOVQ	$0, DX
	MOVQ	$72, AX // fcntl
	SYSCALL
	INCQ	R13
	CMPQ	R13, $65536
	JLT	next
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	$59, AX // execve
	SYSCALL
	MOVQ	$2, DI
	MOVQ	$231, AX // exit_group
	SYSCALL
	INT	$3

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	LEAQ	·signalGuard(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
