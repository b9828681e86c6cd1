package storage

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestSecret(t *testing.T) {
	// Ensures that a secret is the same after a restart, and another one for another purpose and
	// of another store; and that it is none of those that the store itself derives.
	s := mustOpen(t, vfs.NewMem())
	first := s.Secret("newborns")
	if len(first) != keyBytes || bytes.Equal(first, s.Secret("others")) || bytes.Equal(s.Secret("erase report"), s.classes.signer) {
		t.Errorf("got %d bytes, or those of another purpose", len(first))
	}
	s = reopen(t, s)
	if !bytes.Equal(first, s.Secret("newborns")) {
		t.Error("got another secret after a restart")
	}
	mustClose(t, s)
	other := mustOpen(t, vfs.NewMem())
	defer mustClose(t, other)
	if bytes.Equal(first, other.Secret("newborns")) {
		t.Error("got the secret of another store")
	}
}
