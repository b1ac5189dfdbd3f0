#include "textflag.h"

// func constantPages() (from, to uintptr)
TEXT ·constantPages(SB), NOSPLIT, $0-16
	LEAQ	runtime·text(SB), AX
	MOVQ	AX, from+0(FP)
	LEAQ	runtime·epclntab(SB), AX
	MOVQ	AX, to+8(FP)
	RET
