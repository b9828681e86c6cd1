package ingest

import (
	"fmt"
	"testing"
)

func TestAreasFarAbove(t *testing.T) {
	// Ensures that a name is found in an area so many levels above it and no more, and that areas
	// that lie in one another do not keep the decoder.
	const most = 16
	code := func(level int) string { return fmt.Sprint(350500 + level) }
	areas := func(yield func(area, name, parent string)) {
		yield(code(0), "最上", "")
		for level := 1; level <= most+2; level++ {
			yield(code(level), fmt.Sprint("第", level, "层"), code(level-1))
		}
		yield("880001", "环甲", "880002")
		yield("880002", "环乙", "880001")
	}
	for _, c := range []struct{ street, grid, refused string }{
		{"最上", fmt.Sprint("第", most-1, "层"), ""},
		{"最上", fmt.Sprint("第", most, "层"), ""},
		{"最上", fmt.Sprint("第", most+1, "层"), "2 field_invalid 网格\n"},
		{code(1), fmt.Sprint("第", most+1, "层"), ""},
		{code(1), fmt.Sprint("第", most+2, "层"), "2 field_invalid 网格\n"},
		{"最上", "环甲", "2 field_invalid 网格\n"},
	} {
		text := "街道,网格,受检对象姓名,身份证号\n" + c.street + "," + c.grid + ",测试甲," + residentID(1) + "\n"
		r, _, err := readCSV(t, FormatCSV, Options{Endpoint: Roster, Areas: areas}, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := refused(r); got != c.refused {
			t.Fatalf("%s in %s: got %q; want %q", c.grid, c.street, got, c.refused)
		}
	}
}
