package loadtest

import (
	"bytes"
	"errors"
)

// wireStatus is a status object as it was read: texts without their quotes, nil
// for null or absent. The slices lie in the answer's body.
type wireStatus struct {
	person, state, code, since, codeUntil []byte
	tube, sampled, reported, basis        []byte // last_negative; tube nil: null
	window, expires                       []byte
	valid, hasProof                       bool
	pending                               []byte // its tube
	causes                                []wireCause
	order, recheck                        wireOrder // state nil: null
	mergedInto                            []byte
}

// wireOrder is a re-collection order or a recheck task.
type wireOrder struct{ kind, state, due []byte }

func (o *wireOrder) isOpen() bool {
	return o.state != nil && string(o.state) != "fulfilled" && string(o.state) != "cancelled"
}

type wireCause struct {
	tube, kind, since []byte
	early             bool // preliminary
}

var errStatus = errors.New("cannot read a status object")

// lexer walks one line of JSON. It does not undo escapes: nothing in a status has any.
type lexer struct {
	b   []byte
	at  int
	bad bool
}

func (l *lexer) space() {
	for l.at < len(l.b) && (l.b[l.at] == ' ' || l.b[l.at] == '\t') {
		l.at++
	}
}

// take consumes c if it is next.
func (l *lexer) take(c byte) bool {
	l.space()
	if l.at < len(l.b) && l.b[l.at] == c {
		l.at++
		return true
	}
	return false
}

func (l *lexer) text() []byte {
	if !l.take('"') {
		l.bad = true
		return nil
	}
	n := bytes.IndexByte(l.b[l.at:], '"')
	if n < 0 {
		l.bad = true
		return nil
	}
	s := l.b[l.at : l.at+n]
	l.at += n + 1
	return s
}

// null consumes null if it is next.
func (l *lexer) null() bool {
	l.space()
	if bytes.HasPrefix(l.b[l.at:], []byte("null")) {
		l.at += 4
		return true
	}
	return false
}

// truth reads true or false.
func (l *lexer) truth() bool {
	l.space()
	v := bytes.HasPrefix(l.b[l.at:], []byte("true"))
	l.skip()
	return v
}

// textOrNull reads a text, or nil.
func (l *lexer) textOrNull() []byte {
	if l.null() {
		return nil
	}
	return l.text()
}

// key reads the next key of an object that has been entered; nil at its end.
func (l *lexer) key() []byte {
	if l.bad || l.take('}') {
		return nil
	}
	l.take(',')
	k := l.text()
	if !l.take(':') {
		l.bad = true
	}
	if l.bad {
		return nil
	}
	return k
}

// enter consumes the opening brace; false for null.
func (l *lexer) enter() bool {
	if l.null() {
		return false
	}
	if !l.take('{') {
		l.bad = true
	}
	return !l.bad
}

// skip passes over any value.
func (l *lexer) skip() {
	depth := 0
	for {
		l.space()
		if l.at >= len(l.b) {
			l.bad = true
			return
		}
		switch c := l.b[l.at]; {
		case c == '"':
			l.text()
		case c == '{' || c == '[':
			depth++
			l.at++
		case c == '}' || c == ']':
			depth--
			l.at++
		case c == ',' || c == ':':
			l.at++
			continue
		default:
			for l.at < len(l.b) && bytes.IndexByte([]byte(",]} \t"), l.b[l.at]) < 0 {
				l.at++
			}
		}
		if depth <= 0 || l.bad {
			return
		}
	}
}

// readStatus reads one line.
func readStatus(line []byte, w *wireStatus) error {
	*w = wireStatus{causes: w.causes[:0]}
	l := lexer{b: line}
	if !l.enter() {
		return errStatus
	}
	for k := l.key(); k != nil; k = l.key() {
		switch string(k) {
		case "person":
			w.person = l.text()
		case "state":
			w.state = l.text()
		case "code":
			w.code = l.text()
		case "since":
			w.since = l.textOrNull()
		case "code_until":
			w.codeUntil = l.textOrNull()
		case "last_negative":
			w.readNegative(&l)
		case "proof":
			w.readProof(&l)
		case "pending":
			w.readPending(&l)
		case "causes":
			w.readCauses(&l)
		case "recollection":
			w.order.read(&l)
		case "recheck":
			w.recheck.read(&l)
		case "merged_into":
			w.mergedInto = l.textOrNull()
		default:
			l.skip()
		}
	}
	if l.bad {
		return errStatus
	}
	return nil
}

func (w *wireStatus) readNegative(l *lexer) {
	if !l.enter() {
		return
	}
	for k := l.key(); k != nil; k = l.key() {
		switch string(k) {
		case "tube":
			w.tube = l.text()
		case "sampled_at":
			w.sampled = l.text()
		case "reported_at":
			w.reported = l.text()
		case "basis":
			w.basis = l.text()
		default:
			l.skip()
		}
	}
}

func (w *wireStatus) readProof(l *lexer) {
	if !l.enter() {
		return
	}
	w.hasProof = true
	for k := l.key(); k != nil; k = l.key() {
		switch string(k) {
		case "window":
			w.window = l.text()
		case "valid":
			w.valid = l.truth()
		case "expires_at":
			w.expires = l.textOrNull()
		default:
			l.skip()
		}
	}
}

// readPending takes an object with a tube, or the tube alone.
func (w *wireStatus) readPending(l *lexer) {
	l.space()
	if l.at < len(l.b) && l.b[l.at] == '"' {
		w.pending = l.text()
		return
	}
	if !l.enter() {
		return
	}
	for k := l.key(); k != nil; k = l.key() {
		if string(k) == "tube" {
			w.pending = l.text()
		} else {
			l.skip()
		}
	}
}

func (w *wireStatus) readCauses(l *lexer) {
	if l.null() {
		return
	}
	if !l.take('[') {
		l.bad = true
		return
	}
	for !l.bad && !l.take(']') {
		l.take(',')
		if !l.enter() {
			l.bad = true
			return
		}
		var c wireCause
		for k := l.key(); k != nil; k = l.key() {
			switch string(k) {
			case "tube":
				c.tube = l.text()
			case "kind":
				c.kind = l.text()
			case "since":
				c.since = l.textOrNull()
			case "preliminary":
				c.early = l.truth()
			default:
				l.skip()
			}
		}
		w.causes = append(w.causes, c)
	}
}

func (o *wireOrder) read(l *lexer) {
	if !l.enter() {
		return
	}
	for k := l.key(); k != nil; k = l.key() {
		switch string(k) {
		case "kind":
			o.kind = l.text()
		case "state":
			o.state = l.text()
		case "due_at":
			o.due = l.textOrNull()
		default:
			l.skip()
		}
	}
}
