#include "textflag.h"

// The kernel calls this with the signal in R0. No Go code runs and no Go
// stack is used, whatever the thread was doing; the registers are the
// kernel's to restore.
TEXT ·signalHandler(SB), NOSPLIT|NOFRAME, $0
	SUB	$16, RSP
	SUB	$1, R0, R1
	MOVD	$1, R2
	LSL	R1, R2, R2
	MOVD	$·pendingSignals(SB), R3
again:
	LDAXR	(R3), R4
	ORR	R2, R4, R6
	STLXR	R6, (R3), R5
	CBNZ	R5, again
	TST	R2, R4
	BNE	rung
	MOVD	$1, R1
	MOVD	R1, 8(RSP)
	MOVD	$·signalBell(SB), R3
	MOVD	(R3), R0
	ADD	$8, RSP, R1
	MOVD	$8, R2
	MOVD	$64, R8 // write
	SVC
rung:
	ADD	$16, RSP
	RET

// rt_sigreturn(2): where the handler returns to.
TEXT ·signalReturn(SB), NOSPLIT|NOFRAME, $0
	MOVD	$139, R8
	SVC
	BRK

TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	MOVD	$·signalHandler(SB), R0
	MOVD	R0, ret+0(FP)
	RET

TEXT ·returnAddress(SB), NOSPLIT, $0-8
	MOVD	$·signalReturn(SB), R0
	MOVD	R0, ret+0(FP)
	RET
