package runtime

const (
	sysGetrandom = 278
	sysStatx     = 291
)
