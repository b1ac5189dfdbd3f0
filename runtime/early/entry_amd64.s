//go:build rustysd_entry

#include "textflag.h"

// The kernel's stack is left as it is: Go's own entry reads it.
TEXT ·entry(SB), NOSPLIT|NOFRAME, $0
	MOVL	$2, DI // SIG_SETMASK
	LEAQ	allSignals<>(SB), SI
	XORL	DX, DX
	MOVL	$8, R10
	MOVL	$14, AX // rt_sigprocmask
	SYSCALL
	MOVL	$1, ·Held(SB)

	// Entries are 24 bytes, which begin with flags; 3 is _SigNotify and _SigKill.
	LEAQ	runtime·sigtable(SB), SI
	LEAQ	(1*24)(SI), DI // SIGHUP
	CALL	blockable<>(SB)
	LEAQ	(2*24)(SI), DI // SIGINT
	CALL	blockable<>(SB)
	LEAQ	(15*24)(SI), DI // SIGTERM
	CALL	blockable<>(SB)
	JMP	_rt0_amd64_linux(SB)

// blockable takes _SigKill from the flags at DI.
TEXT blockable<>(SB), NOSPLIT|NOFRAME, $0
	CMPL	(DI), $3
	JNE	other
	MOVL	$1, (DI)
	RET
other:
	MOVL	$0, ·Held(SB)
	RET

DATA	allSignals<>(SB)/8, $~0
GLOBL	allSignals<>(SB), RODATA|NOPTR, $8
