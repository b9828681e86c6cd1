package storage

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

// cityFields is the profile of one invented person as a roster has it, 75 bytes.
func cityFields(dst []byte, i, version int) []byte {
	dst = engine.AppendField(dst, engine.FieldName, fmt.Appendf(nil, "测试%07d", i))
	dst = engine.AppendField(dst, engine.FieldSex, []byte{"FM"[i&1]})
	dst = engine.AppendField(dst, engine.FieldPhone, fmt.Appendf(nil, "1390000%04d", (i+version)%10000))
	dst = engine.AppendField(dst, engine.FieldHousehold, fmt.Appendf(nil, "测试路%d号%d室", i/90, i/3))
	return engine.AppendField(dst, engine.FieldLiaison, fmt.Appendf(nil, "测试联络%d", i/2000))
}

// rosterBatches of n people from 1 on, in batches of as many as rows; shuffled is in no order.
func rosterBatches(b testing.TB, s *Store, class string, n, rows, version int, shuffled bool) []*engine.Batch {
	b.Helper()
	people := make([]int, n)
	for i := range people {
		people[i] = i + 1
	}
	if shuffled {
		rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { people[i], people[j] = people[j], people[i] })
	}
	var list []*engine.Batch
	for len(people) > 0 {
		batch := &engine.Batch{}
		var plain, fields []byte
		for row, who := range people[:min(rows, len(people))] {
			batch.Kind = append(batch.Kind, engine.KindRoster)
			batch.Outcome = append(batch.Outcome, engine.Accepted)
			batch.Who = append(batch.Who, engine.PersonOrdinal(who))
			fields = cityFields(fields[:0], who, version)
			plain = binary.AppendUvarint(plain, uint64(row))
			plain = binary.AppendUvarint(plain, uint64(len(fields)))
			plain = append(plain, fields...)
		}
		people = people[len(batch.Who):]
		sealed, err := s.Profiles().Seal(nil, class, plain)
		must(b, err)
		batch.Private = append(binary.AppendUvarint(nil, uint64(len(sealed))), sealed...)
		list = append(list, batch)
	}
	return list
}

// cpuSeconds of the process.
func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// BenchmarkProfiles: profiles of a million people, from Take to Pebble's tables, with
// flushes and compactions; CPU of the whole process, people/s as the clock has it.
func BenchmarkProfiles(b *testing.B) {
	const people = 1_000_000
	cases := []struct {
		name     string
		before   int // people stored before
		class    string
		version  int
		shuffled bool
	}{
		{"first", 0, "R1", 1, false},
		{"firstShuffled", 0, "R1", 1, true},
		{"update", people, "R1", 2, false},
		{"updateShuffled", people, "R1", 2, true},
		{"unchanged", people, "R1", 1, false},
		{"unchangedShuffled", people, "R1", 1, true},
		{"nextRound", people, "R2", 1, false},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			cpu := 0.0
			for b.Loop() {
				b.StopTimer()
				s := benchStore(b, 0)
				pos := engine.Position(0)
				take := func(list []*engine.Batch) {
					for _, batch := range list {
						pos++
						s.journal.last.Store(uint64(pos))
						s.Profiles().Take(pos, batch)
					}
					must(b, s.Profiles().flush())
				}
				if c.before > 0 {
					take(rosterBatches(b, s, "R1", c.before, 5000, 1, false))
					must(b, s.db.Flush())
				}
				list := rosterBatches(b, s, c.class, people, 5000, c.version, c.shuffled)
				runtime.GC()
				b.StartTimer()
				began := cpuSeconds()
				take(list)
				must(b, s.db.Flush())
				cpu += cpuSeconds() - began
			}
			b.ReportMetric(cpu/float64(b.N)/people*1e9, "cpu-ns/person")
			b.ReportMetric(float64(people)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}

// BenchmarkProfilesEach: the way that lost: a value a person, each sealed for itself.
func BenchmarkProfilesEach(b *testing.B) {
	const people = 1_000_000
	for _, update := range []bool{false, true} {
		b.Run(fmt.Sprint("update=", update), func(b *testing.B) {
			cpu := 0.0
			for b.Loop() {
				b.StopTimer()
				s := benchStore(b, 0)
				if update {
					storeEach(b, s, people, false)
					must(b, s.db.Flush())
				}
				b.StartTimer()
				began := cpuSeconds()
				storeEach(b, s, people, update)
				must(b, s.db.Flush())
				cpu += cpuSeconds() - began
			}
			b.ReportMetric(cpu/float64(b.N)/people*1e9, "cpu-ns/person")
		})
	}
}

func storeEach(b *testing.B, s *Store, people int, read bool) {
	b.Helper()
	batch := s.db.NewBatch()
	defer batch.Close()
	fields := cityFields(nil, 1, 1)
	var sealed, plain []byte
	var err error
	for i := range people {
		key := profileKey(uint32(i))
		if read {
			v, closer, err := s.db.Get(key)
			must(b, err)
			plain, err = s.openClass(plain[:0], key, v)
			must(b, err)
			must(b, closer.Close())
		}
		sealed, err = s.sealClass(sealed[:0], "R1", key, fields)
		must(b, err)
		set(batch, key, sealed)
		if batch.Len() > profileBatchBytes {
			must(b, s.db.Apply(batch, pebble.NoSync))
			batch.Reset()
		}
	}
	must(b, s.db.Apply(batch, pebble.NoSync))
}

// BenchmarkProfilesIngest: the other way that lost: blocks of a run as a table of their own.
func BenchmarkProfilesIngest(b *testing.B) {
	const people = 1_000_000
	value := noise(profileBlockPeople * 78)
	for _, ingest := range []bool{false, true} {
		b.Run(fmt.Sprint("ingest=", ingest), func(b *testing.B) {
			cpu := 0.0
			for b.Loop() {
				b.StopTimer()
				s := benchStore(b, 0)
				b.StartTimer()
				began := cpuSeconds()
				for round := range 2 { // a load, and an update of all
					for from := 0; from < people/profileBlockPeople; from += profileRunBytes / len(value) {
						to := min(from+profileRunBytes/len(value), people/profileBlockPeople)
						if ingest {
							ingestProfileBlocks(b, s, round, from, to, value)
						} else {
							setProfileBlocks(b, s, from, to, value)
						}
					}
				}
				must(b, s.db.Flush())
				cpu += cpuSeconds() - began
			}
			b.ReportMetric(cpu/float64(b.N)/people/2*1e9, "cpu-ns/person")
			b.ReportMetric(2*float64(people)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}

func setProfileBlocks(b *testing.B, s *Store, from, to int, value []byte) {
	b.Helper()
	batch := s.db.NewBatch()
	defer batch.Close()
	for i := from; i < to; i++ {
		set(batch, profileKey(uint32(i)), value)
	}
	must(b, s.db.Apply(batch, pebble.NoSync))
}

func ingestProfileBlocks(b *testing.B, s *Store, round, from, to int, value []byte) {
	b.Helper()
	path := s.fs.PathJoin(s.pagesDir(), fmt.Sprintf("n%d-%d.sst", round, from))
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	must(b, err)
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: bytesPerSync, NoSyncOnClose: true})
	t := sstable.NewWriter(objstorageprovider.NewFileWritable(f), s.po.MakeWriterOptions(6, pebbleFormat.MaxTableFormat()))
	for i := from; i < to; i++ {
		must(b, t.Set(profileKey(uint32(i)), value))
	}
	must(b, t.Close())
	must(b, s.db.Ingest(b.Context(), []string{path}))
}

// BenchmarkProfilesCity: the roster of a city of ten million into an empty store, and then
// the same people with other phones, beside a journal of groups of 64 KB.
func BenchmarkProfilesCity(b *testing.B) {
	const people, rows = 10_000_000, 5000
	s := benchStore(b, 0)
	pos := engine.Position(0)
	for _, version := range []int{1, 2} {
		batch := rosterBatches(b, s, "R1", rows, rows, version, false)[0]
		b.Run([]string{"first", "update"}[version-1], func(b *testing.B) {
			for b.Loop() {
				stop, stopped := make(chan struct{}), make(chan int)
				go func() {
					payload, n := noise(64<<10), 0
					for {
						select {
						case <-stop:
							stopped <- n
							return
						default:
						}
						if _, err := s.Append(payload, HashCheck{}); err != nil {
							b.Error(err)
						}
						n++
					}
				}()
				began := cpuSeconds()
				for from := 0; from < people; from += rows {
					for i := range batch.Who {
						batch.Who[i] = engine.PersonOrdinal(from + i + 1)
					}
					pos++
					s.Profiles().Take(pos, batch)
				}
				must(b, s.Profiles().flush())
				cpu := cpuSeconds() - began
				close(stop)
				b.ReportMetric(float64(<-stopped)/b.Elapsed().Seconds(), "groups/s")
				b.ReportMetric(cpu/people*1e9, "cpu-ns/person") // of both
			}
			b.ReportMetric(people*float64(b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
	s.Profiles().writer.complete = 0 // the journal has other positions
	s.Profiles().writer.commit()
}
