package main

import (
	"slices"
	"strings"
)

// environment is the command's environment, handed in.
type environment map[string]string

func newEnvironment(list []string) environment {
	env := environment{}
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
}

func (e environment) get(name string) string { return e[name] }

// list is the environment in the form that a program gets, sorted.
func (e environment) list() []string {
	list := make([]string, 0, len(e))
	for k, v := range e {
		list = append(list, k+"="+v)
	}
	slices.Sort(list)
	return list
}
