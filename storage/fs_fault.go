package storage

import (
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FaultFS fails chosen operations of another file system. For tests.
type FaultFS struct {
	hookFS
	mu    sync.Mutex
	rule  *faultRule
	fired int
}

type faultRule struct {
	err   error
	skip  int
	once  bool
	match func(op FSOp, name string) bool
}

// NewFaultFS is fs without a fault.
func NewFaultFS(fs vfs.FS) *FaultFS {
	f := &FaultFS{}
	f.hookFS = hookFS{FS: fs, before: f.before}
	return f
}

// Fail makes operations that match fail with err, from the n-th (from 1) on: that one
// only if once, else it and all later ones. It replaces an earlier rule. Full disk:
// Fail(1, false, syscall.ENOSPC, …OpWrite or OpCreate…).
func (f *FaultFS) Fail(n int, once bool, err error, match func(op FSOp, name string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule, f.fired = &faultRule{err: err, skip: n - 1, once: once, match: match}, 0
}

// Heal removes the rule.
func (f *FaultFS) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = nil
}

// Fired is how many operations have failed since the last Fail.
func (f *FaultFS) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

func (f *FaultFS) before(op FSOp, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.rule
	if r == nil || !r.match(op, name) {
		return nil
	}
	if r.skip > 0 {
		r.skip--
		return nil
	}
	if r.once && f.fired > 0 {
		return nil
	}
	f.fired++
	return r.err
}
