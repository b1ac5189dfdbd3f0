package compiler

import (
	"encoding/binary"
	"path"
	"strings"

	"rustysd/runtime/fnmatch"
)

// libraryCache is what /etc/ld.so.cache has: paths by the name of the library.
// The dynamic linker looks nowhere else for what only ldconfig(8) knows to be
// there: a folder of /etc/ld.so.conf says nothing to it.
type libraryCache map[string][]string

// The layout of the cache (the C library's dl-cache.h): a header that ends in
// zeros, entries of flags, name, path, version and features, and the strings,
// at offsets from the header. Older C libraries put a cache of theirs before.
const (
	cacheMagic  = "glibc-ld.so.cache1.1"
	cacheHeader = 48
	cacheEntry  = 24
)

// parseCache reads a cache; false when it is none that is known.
func parseCache(text string) (libraryCache, bool) {
	i := strings.Index(text, cacheMagic)
	if i < 0 || len(text) < i+cacheHeader {
		return nil, false
	}
	text = text[i:]
	word := func(at int) uint64 { return uint64(binary.LittleEndian.Uint32([]byte(text[at : at+4]))) }
	n := word(len(cacheMagic))
	if n > uint64(len(text)-cacheHeader)/cacheEntry {
		return nil, false
	}
	cache := libraryCache{}
	for e := range int(n) {
		at := cacheHeader + e*cacheEntry
		name, ok1 := cString(text, word(at+4))
		path, ok2 := cString(text, word(at+8))
		if !ok1 || !ok2 {
			return nil, false
		}
		cache[name] = append(cache[name], path)
	}
	return cache, true
}

// cString is the text at an offset, to the next zero.
func cString(text string, at uint64) (string, bool) {
	if at >= uint64(len(text)) {
		return "", false
	}
	s, _, ended := strings.Cut(text[at:], "\x00")
	return s, ended
}

// cache is the root's; nil without one. One that cannot be read stands for what
// ldconfig would write: then the folders of /etc/ld.so.conf are looked into.
func (r *rootView) cache() (cache libraryCache, known bool) {
	if !r.readCache {
		r.readCache = true
		f, err := r.stat("/etc/ld.so.cache")
		r.cacheKnown = err != nil
		if err == nil {
			if text, err := r.files.read(r.files.host(f.path)); err == nil {
				r.libraries, r.cacheKnown = parseCache(text)
			}
		}
	}
	return r.libraries, r.cacheKnown
}

// confDirs are the folders that ldconfig(8) takes from /etc/ld.so.conf.
func (r *rootView) confDirs() []string {
	if !r.readConf {
		r.readConf = true
		r.readLdConf("/etc/ld.so.conf", map[string]bool{})
	}
	return r.libraryDirs
}

// maxConfDirs bounds the folders of a hostile root.
const maxConfDirs = 1000

// readLdConf reads one file of ldconfig's, once: a second time it would add no
// folder.
func (r *rootView) readLdConf(name string, seen map[string]bool) {
	f, err := r.stat(name)
	if err != nil || seen[f.path] {
		return
	}
	seen[f.path] = true
	text, err := r.files.read(r.files.host(f.path))
	if err != nil {
		return
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		w := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n:,", c) })
		switch {
		case len(w) == 0 || w[0] == "hwcap":
		case w[0] == "include":
			for _, pattern := range w[1:] {
				for _, name := range r.glob(path.Join("/etc", strings.TrimPrefix(pattern, "/etc"))) {
					r.readLdConf(name, seen)
				}
			}
		case w[0][0] == '/':
			r.libraryDirs = append(r.libraryDirs, w[:min(len(w), maxConfDirs-len(r.libraryDirs))]...)
		}
	}
}

// glob lists the files of one folder of the root that match a pattern.
func (r *rootView) glob(pattern string) []string {
	d, err := r.files.open(path.Dir(pattern), true)
	if err != nil {
		return nil
	}
	entries, _ := r.files.list(d)
	var out []string
	for _, e := range entries {
		if fnmatch.Match(path.Base(pattern), e.Name(), true) {
			out = append(out, path.Join(path.Dir(pattern), e.Name()))
		}
	}
	return out
}
