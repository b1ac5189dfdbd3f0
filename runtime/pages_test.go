package runtime

import (
	"reflect"
	"testing"
	"unsafe"
)

// What is given back must hold code and nothing that can be written to: a
// changed page would come back as it is in the file.
func TestConstantPagesHoldNoVariable(t *testing.T) {
	from, to := constantPages()
	code := reflect.ValueOf((*Init).forgetBoot).Pointer()
	if code < from || code >= to {
		t.Errorf("code at %#x is not in [%#x, %#x)", code, from, to)
	}
	initialised := uintptr(unsafe.Pointer(&noExec))
	zero := uintptr(unsafe.Pointer(&pendingSignals))
	for _, variable := range []uintptr{initialised, zero} {
		if variable >= from && variable < to {
			t.Errorf("a variable at %#x is in [%#x, %#x)", variable, from, to)
		}
	}
}
