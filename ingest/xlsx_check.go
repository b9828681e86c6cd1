package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// workbookCheck unpacks the archive of a workbook once, part by part, and keeps nothing of
// it: what the archive says of its sizes does not count. The parts that grow with the people
// go through the decoder that the library uses, so that both see the same; of the others
// their tags are counted.
type workbookCheck struct {
	left int64 // bytes that may still be unpacked
	part io.Reader
	run  int // bytes since the last tag of the part

	small  bytes.Buffer // a part of the others
	tags   int          // of all of these
	sheets int
	links  int
}

// checkWorkbook tells whether a workbook is within its bounds, so that the library may read it.
func checkWorkbook(body []byte) error {
	// A file of Office before 2007, or an encrypted one, is no archive: the library would open it.
	if !bytes.HasPrefix(body, []byte("PK\x03\x04")) || bytes.Count(body, []byte("PK\x01\x02")) > sheetEntriesMax {
		return errSheet
	}
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(archive.File) > sheetEntriesMax {
		return errSheet
	}
	c := &workbookCheck{left: MaxSheetUnzippedBytes}
	for _, f := range archive.File {
		err := c.entry(f)
		var refused *RequestError
		switch {
		case errors.As(err, &refused):
			return refused
		case err != nil:
			return errSheet
		}
	}
	return nil
}

func (c *workbookCheck) entry(f *zip.File) error {
	part, err := f.Open()
	if err != nil {
		return err
	}
	defer part.Close()
	c.part, c.run = part, 0
	name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
	switch {
	case name == strings.ToLower(sharedTextsPart):
		return c.grown(sheetSharedTagsMax)
	case strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml"):
		return c.grown(sheetTagsMax)
	}
	return c.other()
}

// Read unpacks the part that is open.
func (c *workbookCheck) Read(p []byte) (n int, err error) {
	n, err = c.part.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errSheetTooLarge
	}
	tag := bytes.IndexByte(p[:n], '<')
	if tag < 0 {
		tag = n
	}
	if c.run += tag; c.run > sheetItemBytesMax {
		return 0, errSheet
	}
	if last := bytes.LastIndexByte(p[:n], '<'); last >= 0 {
		c.run = n - last
	}
	return n, err
}

// other reads a part that does not grow with the people: styles, relations, pictures.
func (c *workbookCheck) other() error {
	c.small.Reset()
	limit := min(c.left, sheetPartBytesMax)
	n, err := io.Copy(&c.small, io.LimitReader(c.part, limit+1))
	if c.left -= n; n > limit {
		return errSheetTooLarge
	}
	text := c.small.Bytes()
	c.tags += bytes.Count(text, []byte("<"))
	c.sheets += bytes.Count(text, []byte("<sheet")) + bytes.Count(text, []byte(":sheet"))
	c.links += bytes.Count(text, []byte("Relationship"))
	if err == nil && (c.tags > sheetOtherTagsMax || c.sheets > sheetSheetsMax || c.links > sheetLinksMax || bytes.Contains(text, []byte("<!DOCTYPE"))) {
		err = errSheet
	}
	return err
}

// grown reads the part of a sheet, or of the shared texts. An error of its XML shows here:
// the library would end the sheet there.
func (c *workbookCheck) grown(tagsMax int) error {
	w := sheetWalk{tagsLeft: tagsMax, itemsLeft: sheetItemsMax}
	d := xml.NewDecoder(bufio.NewReaderSize(c, sheetWindowBytes))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		fits := true
		switch token := token.(type) {
		case xml.StartElement:
			if w.tagsLeft--; w.tagsLeft < 0 {
				return errSheetTooLarge
			}
			if fits = w.start(token); w.itemsLeft < 0 {
				return errSheetTooLarge
			}
		case xml.EndElement:
			fits = w.end(token.Name.Local)
		case xml.CharData:
			fits = w.text(token)
		case xml.Directive:
			fits = false
		}
		if !fits {
			return errSheet
		}
	}
}

// sheetWalk is where the walk through a part stands. An item is a cell or a shared text: the
// library puts its texts together, once for each cell that names it, a row at a time.
type sheetWalk struct {
	tagsLeft  int
	itemsLeft int // shared texts
	depth     int
	over      bool // no more rows
	row       int
	cells     int // of the row
	filled    int // of these, that have a value

	item   int // depth of the item that is open; 0 for none
	tags   int // of the item
	bytes  int
	value  bool
	inText bool
	joined []byte // its texts
}

// start enters an element. It tells whether the part is within its bounds.
func (w *sheetWalk) start(e xml.StartElement) bool {
	if w.depth++; w.depth > sheetDepthMax {
		return false
	}
	name := e.Name.Local
	w.inText = name == "t"
	if w.item > 0 {
		w.value = w.value || name == "v" || name == "t"
		w.tags++
		return w.tags <= sheetItemTagsMax
	}
	switch name {
	case "si":
		w.itemsLeft--
		w.open()
	case "c":
		w.open()
		w.cells++
		return w.cells <= sheetRowCellsMax
	case "row":
		w.cells, w.filled = 0, 0
		return w.over || w.next(e)
	}
	return true
}

func (w *sheetWalk) open() {
	w.item, w.tags, w.bytes, w.value, w.joined = w.depth, 0, 0, false, w.joined[:0]
}

// next tells whether a row comes after those before it: the library would take the cells of
// one that does not for cells of the row before.
func (w *sheetWalk) next(e xml.StartElement) bool {
	number := 0
	for _, a := range e.Attr {
		if a.Name.Local == "r" {
			var err error
			if number, err = strconv.Atoi(a.Value); err != nil {
				return false
			}
		}
	}
	before := w.row
	if w.row++; number != 0 {
		w.row = number
	}
	return before < w.row && w.row <= sheetRowsMax
}

// end leaves an element.
func (w *sheetWalk) end(name string) bool {
	fits := true
	if w.item == w.depth {
		if w.item = 0; w.value {
			w.filled++
		}
		fits = bytes.Count(w.joined, []byte("_x")) <= sheetEscapesMax && (name != "c" || w.filled <= sheetRowFilledMax)
	}
	w.inText = false
	w.over = w.over || name == "sheetData"
	w.depth--
	return fits
}

// text takes a text, or a piece of one.
func (w *sheetWalk) text(text []byte) bool {
	if w.item == 0 {
		return true
	}
	if w.bytes += len(text); w.bytes > sheetItemBytesMax {
		return false
	}
	if w.inText {
		w.joined = append(w.joined, text...)
	}
	return true
}
