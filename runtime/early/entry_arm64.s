//go:build rustysd_entry

#include "textflag.h"

// The kernel's stack is left as it is: Go's own entry reads it.
TEXT ·entry(SB), NOSPLIT|NOFRAME, $0
	MOVD	$2, R0 // SIG_SETMASK
	MOVD	$allSignals<>(SB), R1
	MOVD	ZR, R2
	MOVD	$8, R3
	MOVD	$135, R8 // rt_sigprocmask
	SVC
	MOVD	$1, R4
	MOVW	R4, ·Held(SB)

	// Entries are 24 bytes, which begin with flags; 3 is _SigNotify and _SigKill.
	MOVD	$runtime·sigtable(SB), R5
	ADD	$(1*24), R5, R6 // SIGHUP
	BL	blockable<>(SB)
	ADD	$(2*24), R5, R6 // SIGINT
	BL	blockable<>(SB)
	ADD	$(15*24), R5, R6 // SIGTERM
	BL	blockable<>(SB)
	JMP	_rt0_arm64_linux(SB)

// blockable takes _SigKill from the flags at R6.
TEXT blockable<>(SB), NOSPLIT|NOFRAME, $0
	MOVW	(R6), R7
	CMPW	$3, R7
	BNE	other
	MOVW	R4, (R6)
	RET
other:
	MOVW	ZR, ·Held(SB)
	RET

DATA	allSignals<>(SB)/8, $~0
GLOBL	allSignals<>(SB), RODATA|NOPTR, $8
