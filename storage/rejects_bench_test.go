package storage

import (
	"fmt"
	"testing"
)

func benchRejects(from, n int) (list []Reject) {
	for i := range n {
		item := fmt.Sprintf(`{"tube":"T%07d","person":"990101199003070024","at":"2022-04-04T08:01:00+08:00","site":"S01","station":"S01-3"}`, from+i)
		list = append(list, Reject{Class: "R1", Key: []byte("/v1/scans\x00person_invalid\x00" + item),
			Record: []byte(`{"at":"2022-04-04T16:00:00+08:00","endpoint":"/v1/scans","code":"person_invalid","message":"The field \"person\" must be an 18-digit ID with a right check character, or TYPE:VALUE of a known type.","credential":null}` + "\n" + item)})
	}
	return list
}

// BenchmarkRejectsAdd keeps 1,000 rejects a call, new ones and ones that are kept already.
func BenchmarkRejectsAdd(b *testing.B) {
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprint("again=", again), func(b *testing.B) {
			s := mustOpenDir(b, Disk(), b.TempDir()+"/db")
			defer mustClose(b, s)
			for i := 0; b.Loop(); i++ {
				if again {
					i = 0
				}
				must(b, s.Rejects().Add(fmt.Sprint(i/200), benchRejects(i*1000, 1000)))
			}
		})
	}
}

// BenchmarkRejectsOpen learns the keys of a full credential.
func BenchmarkRejectsOpen(b *testing.B) {
	s, err := Open(Disk(), b.TempDir()+"/db", Options{RulesVersion: testRules})
	must(b, err)
	defer mustClose(b, s)
	for i := 0; ; i++ {
		must(b, s.Rejects().Add("", benchRejects(i*10_000, 10_000)))
		if _, _, dropped := s.Rejects().Counts(); dropped > 0 {
			break
		}
	}
	must(b, s.db.Flush())
	for b.Loop() {
		must(b, s.openRejects())
	}
	kept, _, _ := s.Rejects().Counts()
	b.ReportMetric(float64(kept), "rejects")
}
