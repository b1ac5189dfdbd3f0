#include "textflag.h"

// The signal is in R0, its siginfo in R1. Its si_code, at 8, is above zero for
// what the kernel itself raised; no sender can choose such a one. Both ways on
// are jumps, so that what comes there finds all as the kernel left it.
TEXT ·signalGuard(SB), NOSPLIT|NOFRAME, $0
	MOVW	8(R1), R3
	CMPW	$0, R3
	BGT	fault
	B	·signalHandler(SB)
fault:
	MOVD	$·goHandlers(SB), R3
	MOVD	(R3)(R0<<3), R3
	JMP	(R3)

TEXT ·guardAddress(SB), NOSPLIT, $0-8
	MOVD	$·signalGuard(SB), R0
	MOVD	R0, ret+0(FP)
	RET
