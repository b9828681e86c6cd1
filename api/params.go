package api

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// instant is how a reader wants colours and proofs judged: when, and by which window
// and basis. What he does not say the policy in force for the person says.
type instant struct {
	now      int64          // Unix seconds
	window   engine.Seconds // 0: by policy
	text     string         // of the window, as the reader wrote it
	byPolicy bool           // the basis is the policy's
	reported bool           // validity starts at the report, not at the swab
}

// instantOf reads ?at=, ?window= and ?basis=.
func (s *Server) instantOf(ctx *fasthttp.RequestCtx) (instant, *refusal) {
	in := instant{now: s.now(), byPolicy: true}
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
		seconds, ok := ingest.ParseDuration(window)
		if !ok {
			return in, errWindow
		}
		in.window, in.text = engine.Seconds(seconds), string(window)
	}
	switch string(args.Peek("basis")) {
	case "":
	case "sampled":
		in.byPolicy = false
	case "reported":
		in.byPolicy, in.reported = false, true
	default:
		return in, errBasis
	}
	return in, nil
}

// proof is what makes a negative valid for one person, at the reader's instant.
type proof struct {
	now      int64 // Unix seconds
	window   engine.Seconds
	reported bool
}

// proofOf fills in what the reader left to the policy. REQUIRES: who is known, or 0 for nobody.
func (in *instant) proofOf(b *Backend, who engine.PersonOrdinal) proof {
	p := proof{now: in.now, window: in.window, reported: in.reported}
	if in.window != 0 && !in.byPolicy {
		return p
	}
	window, reported := b.Engine.Proof(who, engine.FromUnix(in.now))
	if in.window == 0 {
		p.window = window
	}
	if in.byPolicy {
		p.reported = reported
	}
	return p
}

// parseAt reads a time with an offset. A plus sign that nobody escaped has become a blank.
func parseAt(text string) (int64, bool) {
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil || t.Unix() <= engine.EpochUnix || t.Unix() > engine.EpochUnix+1<<32-1 {
		return 0, false
	}
	return t.Unix(), true
}

// appendDuration writes a duration, quoted, as requests write it: in days from five on, in hours
// below, in minutes where neither fits.
func appendDuration(dst []byte, d engine.Seconds) []byte {
	n, unit := uint64(d), byte('m')
	switch {
	case n%86400 == 0 && n >= 5*86400:
		n, unit = n/86400, 'd'
	case n%3600 == 0:
		n, unit = n/3600, 'h'
	default:
		n /= 60
	}
	dst = appendUint(append(dst, '"'), n)
	return append(dst, unit, '"')
}

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
