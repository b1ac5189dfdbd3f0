package demo

// Main is both programs in one file, told apart by the name that it is called
// by, so that an image carries one Go runtime for the two.
//
// It returns the exit status.
func Main() int {
	if base(args()[0]) == "testserviceclient" {
		return Client()
	}
	return Service()
}
