#include "textflag.h"

// The kernel calls this with the signal in DI. No Go code runs and no Go
// stack is used, whatever the thread was doing; the registers are the
// kernel's to restore.
TEXT ·signalHandler(SB), NOSPLIT|NOFRAME, $0
	SUBQ	$24, SP
	MOVQ	DI, CX
	DECQ	CX
	LEAQ	·pendingSignals(SB), R8
	LOCK
	BTSQ	CX, (R8)
	JCS	rung
	MOVQ	$1, 8(SP)
	MOVQ	·signalBell(SB), DI
	LEAQ	8(SP), SI
	MOVQ	$8, DX
	MOVQ	$1, AX // write
	SYSCALL
rung:
	ADDQ	$24, SP
	RET

// rt_sigreturn(2): where the handler returns to.
TEXT ·signalReturn(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$15, AX
	SYSCALL
	INT	$3

TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	LEAQ	·signalHandler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·returnAddress(SB), NOSPLIT, $0-8
	LEAQ	·signalReturn(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
