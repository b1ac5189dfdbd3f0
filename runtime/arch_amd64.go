package runtime

const (
	sysGetrandom   = 318
	sysMemfdCreate = 319
	sysStatx       = 332
	sysBPF         = 321
)
