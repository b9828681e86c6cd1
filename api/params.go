package api

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

// instant is how a reader wants colours and proofs judged: when, and by which window.
type instant struct {
	now      int64 // Unix seconds
	window   int64 // seconds
	text     string
	reported bool // validity starts at the report, not at the swab
}

// instantOf reads ?at=, ?window= and ?basis=.
func (s *Server) instantOf(b *Backend, ctx *fasthttp.RequestCtx) (instant, *refusal) {
	in := instant{now: s.now(), window: int64(b.Engine.Policy().Window), text: b.window}
	if len(ctx.URI().QueryString()) == 0 {
		return in, nil
	}
	args := ctx.QueryArgs()
	if at := args.Peek("at"); len(at) > 0 {
		t, ok := parseAt(string(at))
		if !ok {
			return in, errAt
		}
		in.now = t
	}
	if window := args.Peek("window"); len(window) > 0 {
		hours, ok := parseWindow(string(window))
		if !ok {
			return in, errWindow
		}
		in.window, in.text = hours*3600, string(window)
	}
	switch string(args.Peek("basis")) {
	case "", "sampled":
	case "reported":
		in.reported = true
	default:
		return in, errBasis
	}
	return in, nil
}

// parseAt reads a time with an offset. A plus sign that nobody escaped has become a blank.
func parseAt(text string) (int64, bool) {
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil || t.Unix() <= engine.EpochUnix || t.Unix() > engine.EpochUnix+1<<32-1 {
		return 0, false
	}
	return t.Unix(), true
}

// parseWindow reads "48h" or "7d".
func parseWindow(text string) (hours int64, ok bool) {
	if len(text) < 2 || text[0] == '0' || strings.TrimLeft(text[:len(text)-1], "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if err != nil {
		return 0, false
	}
	switch text[len(text)-1] {
	case 'h':
	case 'd':
		n *= 24
	default:
		return 0, false
	}
	return n, n <= windowHoursMax
}

// windowText writes the policy's window as parseWindow reads it.
func windowText(s engine.Seconds) string { return strconv.Itoa(int(s)/3600) + "h" }

// limitOf reads ?limit=.
func limitOf(args *fasthttp.Args) (int, *refusal) {
	text := args.Peek("limit")
	if len(text) == 0 {
		return listLimitDefault, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > listLimitMax {
		return 0, errLimit
	}
	return n, nil
}

// Feed cursors are 16 hexadecimal digits on the wire; nobody should read them.

func appendCursor(dst []byte, c engine.Cursor) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[c>>shift&15])
	}
	return dst
}

func parseCursor(text []byte) (engine.Cursor, bool) {
	if len(text) == 0 {
		return 0, true
	}
	if len(text) != 16 || bytes.ContainsAny(text, "+-_") {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text), 16, 64)
	return engine.Cursor(v), err == nil
}

// parseStates reads "held,suspect" into a bit for each state; none given means all.
func parseStates(text string) (mask uint, ok bool) {
	if text == "" {
		return ^uint(0), true
	}
	for word := range strings.SplitSeq(text, ",") {
		found := false
		for state := engine.StateUnknown; state <= engine.StateConfirmed; state++ {
			if state.String() == word {
				mask |= 1 << state
				found = true
			}
		}
		if !found {
			return 0, false
		}
	}
	return mask, true
}
