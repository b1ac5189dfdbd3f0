#include "textflag.h"

// func getrlimit(into *[2]uint64)
TEXT ·getrlimit(SB), NOSPLIT, $0-8
	MOVD	ZR, R0 // this process
	MOVD	$7, R1 // RLIMIT_NOFILE
	MOVD	ZR, R2
	MOVD	into+0(FP), R3
	MOVD	$261, R8 // prlimit64
	SVC
	RET
