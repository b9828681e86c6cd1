package api

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/xuri/excelize/v2"

	"poolwise/engine"
)

// Spreadsheets. They hold names and numbers of documents, and the library that writes
// them puts a sheet that grows past 16 MB into a file of the system's temporary folder,
// in the clear. So sheets are bounded, and the library is given a folder that cannot be:
// then it goes on in memory.

// noFolder names no folder on any system.
const noFolder = "\x00"

// formHeadings are the columns of the roster form.
var formHeadings = []string{"序号", "街道", "社区", "网格", "挂钩联络员", "受检对象姓名", "性别", "身份证号", "联系电话", "试管码", "是否需要上门采样"}

var formWidths = []float64{8, 16, 16, 16, 12, 14, 6, 22, 16, 14, 18}

// xlsxTurns is how many spreadsheets may be under way.
var xlsxTurns = make(chan struct{}, xlsxAtOnce)

// sheet is a spreadsheet of one page, under way.
type sheet struct {
	file  *excelize.File
	out   *excelize.StreamWriter
	row   int
	cells []any
}

// newSheet begins one: with a heading, and with columns of text as wide as said. Numbers of
// documents and telephones are text, also once somebody edits them.
func newSheet(name string, headings []string, widths []float64) (s *sheet, err error) {
	s = &sheet{file: excelize.NewFile(excelize.Options{TmpDir: noFolder}), cells: make([]any, len(headings))}
	fail := func(err error) (*sheet, error) {
		_ = s.file.Close()
		return nil, err
	}
	if err := s.file.SetDocProps(&excelize.DocProperties{Creator: "poolwise"}); err != nil {
		return fail(err)
	}
	if err := s.file.SetSheetName("Sheet1", name); err != nil {
		return fail(err)
	}
	if s.out, err = s.file.NewStreamWriter(name); err != nil {
		return fail(err)
	}
	const asText = 49 // the format "@"
	style, err := s.file.NewStyle(&excelize.Style{NumFmt: asText})
	if err != nil {
		return fail(err)
	}
	for i, w := range widths {
		if err := s.out.SetColWidth(i+1, i+1, w); err != nil {
			return fail(err)
		}
		if i == 0 {
			continue // counts
		}
		if err := s.out.SetColStyle(i+1, i+1, style); err != nil {
			return fail(err)
		}
	}
	for i, h := range headings {
		s.cells[i] = h
	}
	if err := s.write(); err != nil {
		return fail(err)
	}
	return s, nil
}

// write adds the cells as a row: strings are text, whatever they look like.
func (s *sheet) write() error {
	s.row++
	return s.out.SetRow("A"+strconv.Itoa(s.row), s.cells)
}

// finish is the file's bytes, in listMemory.
func (s *sheet) finish() ([]byte, error) {
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	body := bytes.NewBuffer(listMemory())
	if err := s.file.Write(body); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

// answerXLSX makes and sends a spreadsheet, if not too many are under way.
func (s *Server) answerXLSX(ctx *fasthttp.RequestCtx, name string, build func() ([]byte, error)) *refusal {
	select {
	case xlsxTurns <- struct{}{}:
	default:
		return errOverloaded
	}
	body, err := func() ([]byte, error) {
		defer func() { <-xlsxTurns }()
		return build()
	}()
	if err != nil {
		s.cfg.Logf("cannot make a spreadsheet: %v", err)
		return errInternal
	}
	ctx.Response.Header.Set("Content-Disposition", `attachment; filename="`+name+`.xlsx"`)
	answer(ctx, typeXLSX, body)
	return nil
}

// linesToXLSX turns the lines of a list into a sheet: numbers as numbers, the rest as text.
func linesToXLSX(list string, body []byte) ([]byte, error) {
	t := listTables[list]
	s, err := newSheet("coverage", t.names, nil)
	if err != nil {
		return nil, err
	}
	defer s.file.Close()
	w := t.scratch.Get().(*lineWalker)
	defer w.release()
	for line := range bytes.Lines(body) {
		w.read(line)
		for i, cell := range w.cells {
			s.cells[i] = string(cell)
			switch w.kinds[i] {
			case cellEmpty:
				s.cells[i] = nil
			case cellNumber:
				if n, err := strconv.ParseUint(string(cell), 10, 64); err == nil {
					s.cells[i] = n
				}
			}
		}
		if err := s.write(); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

// rosterForm is the form that names the people on a page of a list, counted on from a
// number: one that POST /v1/roster takes.
func rosterForm(e *engine.Engine, page *peoplePage, counted int) ([]byte, error) {
	s, err := newSheet("受检对象", formHeadings, formWidths)
	if err != nil {
		return nil, err
	}
	defer s.file.Close()
	places := formPlaces(e, page)
	var id []byte
	for i := range page.people {
		p := &page.people[i]
		place := places[p.area]
		id = e.AppendPersonID(id[:0], page.who[i])
		s.cells[0] = counted + i + 1
		for k, text := range [...]string{place[0], place[1], place[2], page.text(p.liaison), page.text(p.name), formSex(page.text(p.sex)), string(id),
			page.text(p.phone), page.text(p.tube), formYes(p.homeVisit)} {
			if s.cells[k+1] = text; text == "" {
				s.cells[k+1] = nil
			}
		}
		if err := s.write(); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

func formSex(sex string) string {
	switch sex {
	case "F":
		return "女"
	case "M":
		return "男"
	}
	return sex
}

func formYes(yes bool) string {
	if yes {
		return "是"
	}
	return "否"
}

// formPlaces tells what stands under 街道, 社区 and 网格 for each area on a page, so that it
// is found again: the outermost by its name if no other area has that, each further one if
// none within the one before has; else by their codes.
func formPlaces(e *engine.Engine, page *peoplePage) map[string][3]string {
	above := map[string][]engine.AreaName{}
	bearers := map[string]int{}
	for i := range page.people {
		area := page.people[i].area
		if _, known := above[area]; area == "" || known {
			continue
		}
		up := e.AreasAbove(nil, area, formDepth(area))
		above[area] = up
		if n := len(up); n > 0 {
			bearers[up[n-1].Name] = 0
		}
	}
	e.CountAreaNames(bearers)
	places := map[string][3]string{}
	for area, up := range above {
		if n := len(up); n > 0 {
			up[n-1].Namesake = bearers[up[n-1].Name] != 1
		}
		places[area] = formPlace(up)
	}
	return places
}

const formLevels = 3

// formDepth is how many levels of an area the form shows. Codes of 9 and 12 digits are
// those of a 街道 and a 社区.
func formDepth(area string) int {
	switch len(area) {
	case 9:
		return 1
	case 12:
		return 2
	}
	return formLevels
}

// formPlace puts an area and those above it, as many as are shown, into their columns: the
// deepest of three is the 网格, and where there are but two of a shorter code the 社区.
func formPlace(up []engine.AreaName) (place [formLevels]string) {
	if len(up) == 0 {
		return place
	}
	deepest := formDepth(up[0].Code) - 1
	if len(up[0].Code) < 12 {
		deepest = min(deepest, max(len(up), 2)-1)
	}
	for i := range up {
		place[deepest-i] = formArea(&up[i])
	}
	return place
}

// formArea names an area as a form may: not by a name that would be read as something else.
func formArea(a *engine.AreaName) string {
	if a.Namesake || a.Name == "" || a.Name != strings.TrimSpace(a.Name) || a.Name[0] == '\'' || strings.Trim(a.Name, "0123456789") == "" {
		return a.Code
	}
	return a.Name
}
