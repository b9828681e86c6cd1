package api

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Lists as tables. The lines are the server's own NDJSON, so they are walked, not parsed
// with suspicion: each value goes to the column that its path names. Objects are dotted
// names; the elements of an array stand in one cell with a semicolon between, and of an
// array of objects each field does, at the same place in each of their cells.

const (
	columnsCounts = "expected sampled excused missing unrostered received resulted negative must_resample held suspect confirmed as_of"
	columnsTask   = "id kind state due_at"
	columnsStatus = "person state code since code_until last_negative(tube sampled_at reported_at basis) proof(window valid expires_at) pending(tube sampled_at) " +
		"causes(tube kind since preliminary) recollection(" + columnsTask + ") recheck(" + columnsTask + ") merged_into as_of"
)

// listColumns are the columns of each list, in their order. A name with a bang takes
// whatever stands there as it is written.
var listColumns = map[string]string{
	"alerts":          "alert tube site verdict since members",
	"areas":           "area name parent risk provisional",
	"changes":         "cursor person state code previous since code_until tubes recollection",
	"coverage":        "round area " + columnsCounts,
	"coverage area":   "round area own " + columnsCounts,
	"coverage circle": "round area circle " + columnsCounts,
	"coverage group":  "round area group " + columnsCounts,
	"coverage site":   "round area site " + columnsCounts,
	"history": "event at tube round site sampled_at bound basis purpose members results(lab verdict stage tested_at reported_at standing) results_omitted verdict stage reported_at outcome " +
		"cause(kind since open closed_by discharged preliminary) person with id kind state opened_at due_at causes",
	"labs":            "lab name kind provisional",
	"missing":         "person",
	"missing profile": "person area circle home_visit name sex phone",
	"people":          columnsStatus,
	"recollections":   "id person kind state opened_at due_at overdue causes",
	"rejects":         "reject at endpoint zone code message credential item_bytes times item!",
	"rounds": "round name provisional version versions effective_at opens_at closes_at areas window basis caps(low medium high closed) single_groups vaccinated_48h " +
		"sla(to_lab to_result recollect) recheck release",
	"sites":  "site name area kind lab opens provisional",
	"status": columnsStatus,
	"tubes": "tube resolution verdict reported_at mode purpose capacity individual_specimens_retained site round first_swab_at closed_at closed_members received_at received_by " +
		"rejected_at lost_at void_at members members_resolved flags",
}

// listTable is the columns of a list as a tree.
type listTable struct {
	root    *columnNode
	names   []string // dotted
	header  []byte
	scratch sync.Pool // of *lineWalker
}

type columnNode struct {
	name     string
	raw      bool
	from, to int // columns below; of a leaf its own
	kids     []*columnNode
}

var listTables = func() map[string]*listTable {
	tables := map[string]*listTable{}
	for list, columns := range listColumns {
		t := &listTable{root: &columnNode{}}
		t.grow(t.root, "", strings.NewReplacer("(", " ( ", ")", " ) ").Replace(columns))
		t.header = append([]byte(strings.Join(t.names, ",")), "\r\n"...)
		t.scratch.New = func() any {
			return &lineWalker{table: t, cells: make([][]byte, len(t.names)), kinds: make([]byte, len(t.names))}
		}
		tables[list] = t
	}
	return tables
}()

// grow adds the columns of a declaration below a node and answers what follows them.
func (t *listTable) grow(n *columnNode, prefix, words string) (rest string) {
	n.from = len(t.names)
	var last *columnNode
	for words = strings.TrimSpace(words); words != ""; words = strings.TrimSpace(words) {
		var word string
		word, words, _ = strings.Cut(words, " ")
		if word == ")" {
			break
		}
		if word == "(" { // what was taken for a column has columns
			t.names = t.names[:last.from]
			words = t.grow(last, prefix+last.name+".", words)
			continue
		}
		name, raw := strings.CutSuffix(word, "!")
		last = &columnNode{name: name, raw: raw, from: len(t.names), to: len(t.names) + 1}
		n.kids = append(n.kids, last)
		t.names = append(t.names, prefix+name)
	}
	n.to = len(t.names)
	return words
}

// appendCSV turns the lines of a list into a table with a header: RFC 4180, UTF-8.
func appendCSV(dst []byte, list string, body []byte) []byte {
	t := listTables[list]
	w := t.scratch.Get().(*lineWalker)
	dst = append(dst, t.header...)
	for line := range bytes.Lines(body) {
		w.read(line)
		for i, cell := range w.cells {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCell(dst, cell)
		}
		dst = append(dst, "\r\n"...)
	}
	w.release()
	return dst
}

// Kinds of a cell.
const (
	cellEmpty = iota // null, or not said
	cellNumber
	cellText
)

// lineWalker takes lines apart.
type lineWalker struct {
	table *listTable
	cells [][]byte // by column
	kinds []byte
	lost  int // values without a column
	line  []byte
}

func (w *lineWalker) release() {
	for i, cell := range w.cells {
		if cap(cell) > csvRetainedBytes {
			w.cells[i] = nil
		}
	}
	w.line = nil
	w.table.scratch.Put(w)
}

// read fills the cells with a line.
func (w *lineWalker) read(line []byte) {
	for i := range w.cells {
		w.cells[i], w.kinds[i] = w.cells[i][:0], cellEmpty
	}
	w.line = line
	w.value(w.table.root, 0)
}

// value takes the value at a place to a node's columns and answers the place behind it.
func (w *lineWalker) value(n *columnNode, at int) int {
	if n.raw {
		end := skipValue(w.line, at)
		w.cells[n.from], w.kinds[n.from] = append(w.cells[n.from], w.line[at:end]...), cellText
		return end
	}
	switch c := w.line[at]; {
	case c == '{':
		return w.object(n, at)
	case c == '[':
		at++
		for first := true; w.line[at] != ']'; first = false {
			if w.line[at] == ',' {
				at++
			}
			for i := n.from; i < n.to && !first; i++ {
				w.cells[i], w.kinds[i] = append(w.cells[i], ';'), cellText
			}
			at = w.value(n, at)
		}
		return at + 1
	case c == 'n':
		return skipValue(w.line, at)
	case len(n.kids) > 0:
		w.lost++
		return skipValue(w.line, at)
	case c == '"':
		var end int
		w.cells[n.from], end = unquote(w.cells[n.from], w.line, at)
		w.kinds[n.from] = cellText
		return end
	default:
		end := skipValue(w.line, at)
		w.cells[n.from] = append(w.cells[n.from], w.line[at:end]...)
		if w.kinds[n.from] = cellText; c != 't' && c != 'f' {
			w.kinds[n.from] = cellNumber
		}
		return end
	}
}

// object takes the fields of an object to their columns: they mostly come in the order
// that was declared.
func (w *lineWalker) object(n *columnNode, at int) int {
	next := 0
	for at++; w.line[at] != '}'; {
		if w.line[at] == ',' {
			at++
		}
		end := at + 1 + bytes.IndexByte(w.line[at+1:], '"') // names have no escapes
		kid := n.kid(w.line[at+1:end], &next)
		if at = end + 2; kid == nil {
			if w.line[at] != 'n' {
				w.lost++
			}
			at = skipValue(w.line, at)
			continue
		}
		at = w.value(kid, at)
	}
	return at + 1
}

// kid finds a field by its name, from the one that is expected on.
func (n *columnNode) kid(name []byte, next *int) *columnNode {
	for range n.kids {
		if *next >= len(n.kids) {
			*next = 0
		}
		kid := n.kids[*next]
		*next++
		if kid.name == string(name) {
			return kid
		}
	}
	return nil
}

// skipValue answers the place behind a value.
func skipValue(line []byte, at int) int {
	depth := 0
	for ; at < len(line); at++ {
		switch line[at] {
		case '"':
			for at++; line[at] != '"'; at++ {
				if line[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return at // of what the value is in
			}
			depth--
		case ',':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}

// unquote appends the text of a string and answers the place behind it.
func unquote(dst, line []byte, at int) ([]byte, int) {
	for at++; ; {
		end := at
		for line[end] != '"' && line[end] != '\\' {
			end++
		}
		dst = append(dst, line[at:end]...)
		if line[end] == '"' {
			return dst, end + 1
		}
		dst, at = unescape(dst, line, end+1)
	}
}

// unescape appends what follows a backslash.
func unescape(dst, line []byte, at int) ([]byte, int) {
	const letters, meant = "bfnrt", "\b\f\n\r\t"
	if line[at] != 'u' {
		c := line[at]
		if i := strings.IndexByte(letters, c); i >= 0 {
			c = meant[i]
		}
		return append(dst, c), at + 1
	}
	r := hex4(line[at+1:])
	at += 5
	if utf16.IsSurrogate(r) {
		low := utf8.RuneError
		if len(line) > at+6 && line[at] == '\\' && line[at+1] == 'u' {
			low = hex4(line[at+2:])
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			at += 6
		}
	}
	return utf8.AppendRune(dst, r), at
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c&^0x20 - 'A' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendCell writes a cell, in quotes where it needs them. What a spreadsheet would take
// for a formula gets an apostrophe in front: a name must not run.
func appendCell(dst, cell []byte) []byte {
	if len(cell) == 0 {
		return dst
	}
	formula := false
	switch cell[0] {
	case '=', '+', '-', '@', '\t', '\r':
		formula = !isNumber(cell)
	}
	if !quotes(cell) {
		if formula {
			dst = append(dst, '\'')
		}
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	if formula {
		dst = append(dst, '\'')
	}
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
	return append(append(dst, cell...), '"')
}

// quotes tells whether a cell needs quotes.
func quotes(cell []byte) bool {
	for _, c := range cell {
		if c <= ',' && (c == ',' || c == '"' || c == '\r' || c == '\n') {
			return true
		}
	}
	return false
}

// isNumber tells whether text is a sign, digits, and digits behind a point.
func isNumber(text []byte) bool {
	if text[0] == '+' || text[0] == '-' {
		text = text[1:]
	}
	whole, part, point := bytes.Cut(text, []byte{'.'})
	digits := func(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }
	return digits(whole) && (!point || digits(part))
}
