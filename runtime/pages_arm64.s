#include "textflag.h"

// func constantPages() (from, to uintptr)
TEXT ·constantPages(SB), NOSPLIT, $0-16
	MOVD	$runtime·text(SB), R0
	MOVD	R0, from+0(FP)
	MOVD	$runtime·epclntab(SB), R0
	MOVD	R0, to+8(FP)
	RET
