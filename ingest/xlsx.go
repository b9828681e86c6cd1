package ingest

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// XLSX: a zip archive of XML parts, of which four matter: the workbook (its sheets, in
// order), its relations (which part is which sheet), the shared texts, and the sheet.
//
// The parts are read as streams, nothing is written anywhere, and what is held is bounded
// by limits_table.go whatever the archive says of itself. A library that builds the
// workbook in memory was the alternative: it lost because 256 MiB of short tags become
// gigabytes of structures, because it spills long parts to files, which here would hold
// names in the clear, and because its rows do not tell a number from a text, which is how
// an ID that has lost its last digits is found.

// sheetReader reads workbooks, one at a time.
type sheetReader struct {
	archive *zip.Reader
	left    int64 // bytes that may still be unpacked
	part    io.Reader
	x       xmlReader

	texts []byte   // that cells share, one after another
	ends  []uint32 // where each of them ends
	row   []byte   // texts of the row's cells
	value []byte   // of the cell
}

// sheetReaders holds the one reader: whoever has it reads a workbook.
var sheetReaders = func() chan *sheetReader {
	readers := make(chan *sheetReader, 1)
	readers <- new(sheetReader)
	return readers
}()

// errUnpacked tells that a workbook unpacks to more than it may.
var errUnpacked = errors.New("the workbook unpacks to too much")

// readSheet turns the rows of a workbook into lines.
func (r *Request) readSheet(o Options) error {
	if len(r.Body) > MaxSheetBytes {
		return errSheetTooLarge
	}
	s := <-sheetReaders
	s.left = MaxSheetUnzippedBytes
	defer func() {
		if cap(s.texts)+4*cap(s.ends)+cap(s.row)+cap(s.value) > sheetRetainedBytes {
			s = new(sheetReader)
		}
		s.archive, s.part, s.x.in = nil, nil, nil
		sheetReaders <- s
	}()
	err := s.workbook(r, o)
	var refused *RequestError
	switch {
	case err == nil || errors.As(err, &refused):
		return err
	case errors.Is(err, errUnpacked):
		return errSheetTooLarge
	}
	return errSheet
}

// Read unpacks the part that is open.
func (s *sheetReader) Read(p []byte) (n int, err error) {
	n, err = s.part.Read(p[:min(int64(len(p)), s.left+1)])
	if s.left -= int64(n); s.left < 0 {
		return 0, errUnpacked
	}
	return n, err
}

// open begins to read a part. It tells whether the archive has it.
func (s *sheetReader) open(name string) (bool, error) {
	name = strings.TrimPrefix(name, "/")
	for _, f := range s.archive.File {
		if strings.EqualFold(strings.ReplaceAll(f.Name, `\`, "/"), name) {
			part, err := f.Open()
			if err != nil {
				return false, err
			}
			s.part = part
			s.x.reset(s)
			return true, nil
		}
	}
	return false, nil
}

func (s *sheetReader) workbook(r *Request, o Options) (err error) {
	if bytes.Count(r.Body, []byte("PK\x01\x02")) > sheetEntriesMax {
		return errSheet
	}
	if s.archive, err = zip.NewReader(bytes.NewReader(r.Body), int64(len(r.Body))); err != nil {
		return err
	}
	workbook := "xl/workbook.xml"
	roots, err := s.relations("_rels/.rels")
	if err != nil {
		return err
	}
	for _, root := range roots {
		if root.kind == "officeDocument" {
			workbook = path.Join("/", root.target)[1:]
		}
	}
	parts, err := s.relations(path.Join(path.Dir(workbook), "_rels", path.Base(workbook)+".rels"))
	if err != nil {
		return err
	}
	sheets, err := s.sheets(workbook, &r.table)
	if err != nil {
		return err
	}
	s.texts, s.ends = s.texts[:0], s.ends[:0]
	for _, p := range parts {
		if p.kind == "sharedStrings" {
			if err := s.sharedTexts(partName(workbook, p.target)); err != nil {
				return err
			}
			break
		}
	}
	for _, id := range sheets {
		for _, p := range parts {
			if p.id != id || p.kind != "worksheet" {
				continue
			}
			found, err := s.sheet(r, o, partName(workbook, p.target))
			if found || err != nil {
				return err
			}
		}
	}
	return errNoHeading
}

// partName is the name of a part that a workbook names, its own folder or the root being where it starts.
func partName(workbook, target string) string {
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)
	}
	return path.Join(path.Dir(workbook), target)
}

// relation names a part of the archive.
type relation struct{ id, kind, target string }

// relations reads the parts that a part names; none when it names none.
func (s *sheetReader) relations(name string) (all []relation, err error) {
	if found, err := s.open(name); !found {
		return nil, err
	}
	for len(all) < sheetRelationsMax {
		piece, err := s.x.next()
		if err != nil {
			return nil, err
		}
		switch {
		case piece == xmlOver:
			return all, nil
		case piece == xmlStart && string(s.x.name) == "Relationship":
			kind := s.x.attr("Type")
			kind = kind[bytes.LastIndexByte(kind, '/')+1:]
			target := unescapeXML(bytes.Clone(s.x.attr("Target")))
			all = append(all, relation{string(s.x.attr("Id")), string(kind), string(target)})
		}
	}
	return all, nil
}

// sheets reads the workbook: the relations of its sheets, in order.
func (s *sheetReader) sheets(name string, t *table) (ids []string, err error) {
	found, err := s.open(name)
	if err == nil && !found {
		err = errXML
	}
	if err != nil {
		return nil, err
	}
	for len(ids) < sheetTabsMax {
		piece, err := s.x.next()
		if err != nil {
			return nil, err
		}
		if piece == xmlOver {
			break
		}
		if piece != xmlStart {
			continue
		}
		switch string(s.x.name) {
		case "workbookPr":
			since := s.x.attr("date1904")
			t.since1904 = string(since) == "1" || string(since) == "true"
		case "sheet":
			ids = append(ids, string(s.x.attrEnding(":id")))
		}
	}
	return ids, nil
}

// attrEnding is attr for a name in a name space, whatever the prefix of that.
func (x *xmlReader) attrEnding(end string) []byte {
	at := bytes.Index(x.attrs, []byte(end+"="))
	if at < 0 {
		return nil
	}
	start := bytes.LastIndexAny(x.attrs[:at], " \t\r\n") + 1
	return x.attr(string(x.attrs[start : at+len(end)]))
}

// sharedTexts reads the texts that cells share. How they are pronounced is not part of them.
// Of one longer than an item may be, so much is kept that this shows; of a blank one, nothing:
// many cells can name it, and each would be looked at again.
func (s *sheetReader) sharedTexts(name string) error {
	if found, err := s.open(name); !found {
		return err
	}
	in, aside := false, false
	for {
		piece, err := s.x.next()
		if err != nil {
			return err
		}
		switch piece {
		case xmlOver:
			return nil
		case xmlText:
			if in && !aside && len(s.texts)-int(s.last()) <= MaxItemBytes {
				s.texts = append(s.texts, s.x.text...)
			}
		case xmlStart:
			switch string(s.x.name) {
			case "t":
				in = !s.x.closed
			case "rPh":
				aside = !s.x.closed
			case "si":
				if s.x.closed {
					s.ends = append(s.ends, s.last())
				}
			}
		case xmlEnd:
			switch string(s.x.name) {
			case "t":
				in = false
			case "rPh":
				aside = false
			case "si":
				if text := s.texts[s.last():]; len(trimBlanks(text)) == 0 {
					s.texts = s.texts[:s.last()]
				}
				s.ends = append(s.ends, uint32(len(s.texts)))
			}
		}
		if len(s.ends) > sheetStringsMax {
			return errSheetTooLarge
		}
	}
}

// last is where the last shared text ends.
func (s *sheetReader) last() uint32 {
	if len(s.ends) == 0 {
		return 0
	}
	return s.ends[len(s.ends)-1]
}

// shared is the text of a number, as cells name it; nil for a number of none.
func (s *sheetReader) shared(number []byte) []byte {
	n := smallCount(trimBlanks(number))
	if n < 0 || n >= len(s.ends) {
		return nil
	}
	start := uint32(0)
	if n > 0 {
		start = s.ends[n-1]
	}
	return s.texts[start:s.ends[n]]
}

// smallCount reads a number of at most nine digits; -1 for anything else.
func smallCount(text []byte) int {
	if len(text) == 0 || len(text) > 9 || !allDigits(text) {
		return -1
	}
	n := 0
	for _, c := range text {
		n = n*10 + int(c-'0')
	}
	return n
}

// sheet turns the rows of a sheet into lines. It tells whether the sheet has headings.
func (s *sheetReader) sheet(r *Request, o Options, name string) (headings bool, err error) {
	if found, err := s.open(name); !found {
		return false, err
	}
	t := &r.table
	t.valid, t.badText = false, faultNotUTF8
	dst := r.lines[:0]
	row, seen := 0, 0
	t.width = MaxColumns
	for {
		piece, err := s.x.next()
		if err != nil {
			return headings, err
		}
		if piece == xmlOver || piece == xmlEnd && string(s.x.name) == "sheetData" {
			break
		}
		if piece != xmlStart || string(s.x.name) != "row" {
			continue
		}
		row++
		if n := smallCount(s.x.attr("r")); n >= 0 {
			row = n
		}
		if seen++; seen > sheetRowsMax || row < 1 || row > sheetRowsMax {
			return headings, errSheet
		}
		if err := s.cells(t); err != nil {
			return headings, err
		}
		if !headings {
			if headings, err = t.sheetHeader(s.row, o, row); err != nil {
				return false, err
			}
			if !headings && seen >= tableTitleRows {
				return false, nil
			}
			continue
		}
		t.extra = false // a remark beside the table shifts no column
		if dst, err = r.line(dst, s.row, s.row, row); err != nil {
			r.lines = dst
			return true, err
		}
	}
	if !headings {
		return false, nil
	}
	r.Body, r.lines = dst, r.Body
	_, err = io.Copy(io.Discard, s) // its end has the checksum
	return true, err
}

// sheetHeader makes the steps of a row when it holds headings.
func (t *table) sheetHeader(src []byte, o Options, row int) (found bool, err error) {
	if t.extra {
		return false, errTooManyColumns
	}
	if row <= tableTitleRows && o.Endpoint == Roster && t.isForm(src) {
		return true, t.readHeadings(src, o)
	}
	for _, c := range t.cells[:t.width] {
		if headingNamed(trimBlanks(src[c.off:c.end])) != nil {
			return true, t.readHeadings(src, o)
		}
	}
	return false, nil
}

// cells reads the cells of the row whose tag was read last.
func (s *sheetReader) cells(t *table) error {
	s.row = s.row[:0]
	t.extra, t.bad, t.count = false, false, 0
	clear(t.cells[:t.width])
	if s.x.closed {
		return nil
	}
	column := 0
	for {
		piece, err := s.x.next()
		switch {
		case err != nil:
			return err
		case piece == xmlOver:
			return errXML
		case piece == xmlEnd && string(s.x.name) == "row":
			return nil
		case piece != xmlStart || string(s.x.name) != "c":
			continue
		}
		column++
		if n := columnOf(s.x.attr("r")); n > 0 {
			column = n
		}
		text, kind, err := s.cell()
		if err != nil {
			return err
		}
		s.keep(t, column-1, text, kind)
	}
}

// columnOf reads the letters of AB12 as a number from 1; 0 when there are none.
func columnOf(name []byte) (n int) {
	for _, c := range name {
		if c < 'A' || c > 'Z' || n > sheetRowsMax {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n
}

// cell reads the cell whose tag was read last. Its text is good until the next one.
func (s *sheetReader) cell() (text []byte, kind cellKind, err error) {
	s.value = s.value[:0]
	shared := false
	switch string(s.x.attr("t")) {
	case "s":
		shared = true
	case "", "n":
		kind = cellNumber
	}
	if kind != cellNumber {
		kind = cellText
	}
	if s.x.closed {
		return nil, kind, nil
	}
	in, aside := false, false
	for {
		piece, err := s.x.next()
		if err != nil {
			return nil, kind, err
		}
		name := string(s.x.name)
		switch piece {
		case xmlOver:
			return nil, kind, errXML
		case xmlText:
			if in && !aside && len(s.value) <= MaxItemBytes {
				s.value = append(s.value, s.x.text...)
			}
		case xmlStart:
			in = in || (name == "v" || name == "t") && !s.x.closed
			aside = aside || name == "rPh" && !s.x.closed
		case xmlEnd:
			switch name {
			case "v", "t":
				in = false
			case "rPh":
				aside = false
			case "c":
				if shared {
					return s.shared(s.value), kind, nil
				}
				return s.value, kind, nil
			}
		}
	}
}

// keep puts a cell into the row. Of a row that is longer than an item may be, so much is
// kept that the decoder says so.
func (s *sheetReader) keep(t *table, column int, text []byte, kind cellKind) {
	if len(s.row) > MaxItemBytes || len(trimBlanks(text)) == 0 {
		return
	}
	t.count = max(t.count, column+1)
	off := len(s.row)
	s.row = append(s.row, text...)
	if column < t.width {
		t.cells[column] = cell{uint32(off), uint32(len(s.row)), kind}
	} else {
		t.extra = true
	}
	s.row = append(s.row, '\t') // between the cells of a row that is kept as it stands
}
