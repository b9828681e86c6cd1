package ingest

import (
	"strings"
	"testing"
)

func TestBlankLines(t *testing.T) {
	// Ensures that blank lines, however many and of whatever blanks, are no items and shift no index.
	bad := `{"tube":"_","person":"x","at":"y"}`
	for _, body := range []string{
		bad + "\n" + bad, "\n\n" + bad + "\n\n\n" + bad + "\n\n", " \t\r\n" + bad + "\r\n\r\n \r\n" + bad + "\r\n\t", strings.Repeat("\n", 100_000) + bad + strings.Repeat(" \n", 50_000) + "  " + bad + strings.Repeat("\n", 100_000),
	} {
		out, err := decode(t, Options{Endpoint: Scans}, body)
		if err != nil || out.Received != 2 || len(out.Errors) != 2 || out.Errors[0].Index != 0 || out.Errors[1].Index != 1 {
			t.Errorf("got %v, %d items, %v", err, out.Received, out.Errors)
		}
	}
	for _, body := range []string{"", "\n", " \n\r\n\t", strings.Repeat("\n", 1_000_000), "   "} {
		if _, err := decode(t, Options{Endpoint: Scans}, body); err != ErrEmpty {
			t.Errorf("got %v; want %v", err, ErrEmpty)
		}
	}
}
