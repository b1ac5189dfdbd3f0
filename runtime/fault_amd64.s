#include "textflag.h"

// The signal is in DI, its siginfo in SI. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one. Both ways on
// are jumps, so that what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVL	8(SI), AX
	TESTL	AX, AX
	JGT	fault
	JMP	·signalHandler(SB)
fault:
	MOVL	DI, CX
	LEAQ	·goHandlers(SB), AX
	MOVQ	(AX)(CX*8), AX
	JMP	AX

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	LEAQ	·signalGuard(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
