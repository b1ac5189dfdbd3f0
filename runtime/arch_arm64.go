package runtime

const (
	sysGetrandom   = 278
	sysMemfdCreate = 279
	sysStatx       = 291
	sysBPF         = 280
)
