// This file is empty: with it the compiler accepts the function without a
// body in sys.go.
