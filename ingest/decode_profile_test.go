package ingest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
)

// oneClass keeps every row under the round it names, else under "open".
type oneClass struct{ asked int }

func (c *oneClass) Retain(b *engine.Batch, rows []uint32, dst []string) []string {
	c.asked++
	for _, k := range rows {
		class := "open"
		if r := b.Text(b.Contexts[b.Ctx[k]].Round); len(r) > 0 {
			class = string(r)
		}
		dst = append(dst, class)
	}
	return dst
}

// glass seals nothing.
type glass struct{}

func (glass) Seal(dst []byte, class string, plain []byte) ([]byte, error) {
	return append(append(append(dst, class...), ':'), plain...), nil
}

func (glass) Take(engine.Position, *engine.Batch) {}

// namesOf are the profiles in Private, a line each: class, row, fields.
func namesOf(t *testing.T, b *engine.Batch) string {
	t.Helper()
	var lines []string
	for p := b.Private; len(p) > 0; {
		n, k := binary.Uvarint(p)
		class, plain, _ := strings.Cut(string(p[k:k+int(n)]), ":")
		p = p[k+int(n):]
		for rest := []byte(plain); len(rest) > 0; {
			row, k := binary.Uvarint(rest)
			size, k2 := binary.Uvarint(rest[k:])
			fields := rest[k+k2 : k+k2+int(size)]
			rest = rest[k+k2+int(size):]
			line := fmt.Sprint(class, " ", row)
			for len(fields) > 0 {
				f, v, more, ok := engine.NextField(fields)
				if !ok {
					t.Fatalf("cannot read the fields of row %d", row)
				}
				line += fmt.Sprintf(" %d=%s", f, v)
				fields = more
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestNamesArePutAside(t *testing.T) {
	// Ensures that what names people leaves the batch for the sealed part, each item's under
	// its round, and that refused items leave nothing there.
	const at = `"at":"2022-04-04T08:00:00+08:00"`
	for _, c := range []struct {
		endpoint   Endpoint
		body, want string
	}{
		{Scans, `{"tube":"T1","person":"passport:USA:560018301",` + at + `}`, ``},
		{Scans, `{"tube":"T1","person":"passport:USA:560018301",` + at + `,"name":"测试甲","phone":"13900000001","household":"H1","round":"R1"}
			{"tube":"T1","person":"x","name":"测试乙"}
			{"tube":"T1","person":"passport:USA:560018302",` + at + `,"name":"测试丙","area":"9901"}
			{"tube":"T1","person":"passport:USA:560018303",` + at + `,"name":"","phone":"13900000003","round":"R1"}`,
			"R1 0 4=测试甲 32=13900000001 9=H1\nR1 2 32=13900000003\nopen 1 4=测试丙"},
		{Roster, `{"person":"passport:USA:560018301","name":"测试甲","sex":"F","phone":"","liaison":"测试丁","tube":"T-9","household":null,"area":"9901"}
			{"person":"passport:USA:560018302","home_visit":true}
			{"person":"passport:USA:560018303","name":"测试丙","tube":"no tube"}
			{"person":"passport:USA:560018304","name":null}`,
			"open 0 4=测试甲 31=F 32= 9= 33=测试丁 34=T-9\nopen 2 4="},
	} {
		d, out, classes := NewDecoder(), new(Decoded), new(oneClass)
		o := Options{Endpoint: c.endpoint, Now: benchNow, Classes: classes}
		if err := d.NDJSON([]byte(c.body), o, out); err != nil {
			t.Fatal(err)
		}
		if err := d.sealNames(classes, glass{}, &out.Batch); err != nil {
			t.Fatal(err)
		}
		if got := namesOf(t, &out.Batch); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.body, got, c.want)
		}
		open := string(out.Batch.Bytes)
		for _, name := range []string{"测试", "1390000"} {
			if strings.Contains(open, name) {
				t.Errorf("%s\n%q lies in the open part", c.body, name)
			}
		}
		if c.want == "" && classes.asked > 0 {
			t.Errorf("%s\nasked for a class that nothing needs", c.body)
		}
	}
}
