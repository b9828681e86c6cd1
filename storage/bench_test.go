package storage

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

func benchStore(b *testing.B, delay time.Duration) *Store {
	b.Helper()
	fs := vfs.Default
	if delay > 0 {
		fs = SyncDelay(fs, delay)
	}
	s, err := Open(fs, b.TempDir()+"/db", Options{Logf: b.Logf})
	must(b, err)
	b.Cleanup(func() { mustClose(b, s) })
	return s
}

var delays = []time.Duration{0, 2 * time.Millisecond}

func noise(size int) []byte {
	p := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(p)
	return p
}

// BenchmarkAppend: one synced group, on the disk of the temporary directory.
func BenchmarkAppend(b *testing.B) {
	for _, delay := range delays {
		for _, size := range []int{64 << 10, 512 << 10} {
			b.Run(fmt.Sprintf("%dKB/delay=%v", size>>10, delay), func(b *testing.B) {
				s := benchStore(b, delay)
				payload := noise(size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					_, err := s.Append(payload, HashCheck{})
					must(b, err)
				}
				m := s.db.Metrics()
				b.ReportMetric(float64(m.Total().TableBytesCompacted)/float64(s.JournalBytes()), "rewritten/B")
			})
		}
	}
}

// BenchmarkSeal: what sealing a group costs of it.
func BenchmarkSeal(b *testing.B) {
	var sc sealScratch
	s := &sealer{id: 1, aead: newAEAD(make([]byte, keyBytes))}
	payload := noise(64 << 10)
	dst := make([]byte, sealedBytes(journalClearBytes, len(payload)))
	key := journalKey(5)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		s.seal(dst, key, journalClearBytes, payload, &sc)
	}
}

// BenchmarkReplay: reading, checking and unsealing ahead of a caller who does nothing.
func BenchmarkReplay(b *testing.B) {
	s := benchStore(b, 0)
	payload := noise(256 << 10)
	const groups = 1000
	for range groups {
		_, err := s.Append(payload, HashCheck{})
		must(b, err)
	}
	must(b, s.db.Flush())
	b.SetBytes(int64(groups * len(payload)))
	for b.Loop() {
		must(b, s.Replay(0, func(engine.Position, []byte, HashCheck) error { return nil }))
	}
}

// day makes groups of changes as an ordinary day does: a station's batch of 1,000 swabs
// in tubes of ten, or a laboratory's report of 96 negative tubes. People are near one
// another's ordinals, as in a roster sorted by area, or anywhere in a city of 25.7 M.
type day struct {
	rng  *rand.Rand
	near bool
	now  engine.Seconds
	tube engine.TubeIndex
	sent []engine.Change // sampled, not yet negative
	from []engine.TubeIndex
}

const dayPeople = 25_700_000

func (d *day) group(pos engine.Position, c *engine.Changes) {
	c.Reset()
	d.now++
	if len(d.sent) < 100_000 || d.rng.IntN(2) == 0 {
		base := d.rng.Uint32N(dayPeople - 4000)
		for i := range 1000 {
			if i%10 == 0 {
				d.tube++
			}
			who := d.rng.Uint32N(dayPeople)
			if d.near {
				who = base + d.rng.Uint32N(4000)
			}
			swab := d.now - engine.Seconds(600-i/2+d.rng.IntN(20))
			e := engine.Change{
				Cursor: engine.MakeCursor(pos, i+1), Person: engine.PersonOrdinal(who),
				State: engine.StateSampled, Previous: engine.StateUnknown, Since: swab,
				TubesOff: uint32(len(c.Tubes)), TubesLen: 1,
			}
			c.List, c.Tubes = append(c.List, e), append(c.Tubes, d.tube)
			d.sent, d.from = append(d.sent, e), append(d.from, d.tube)
		}
		return
	}
	n := min(960, len(d.sent))
	for i, e := range d.sent[:n] {
		e.Cursor = engine.MakeCursor(pos, i+1)
		e.State, e.Previous, e.NegativeSwab = engine.StateNegative, engine.StateSampled, e.Since
		e.TubesOff = uint32(len(c.Tubes))
		c.List, c.Tubes = append(c.List, e), append(c.Tubes, d.from[i])
	}
	d.sent, d.from = d.sent[n:], d.from[n:]
}

func newDay(near bool) *day {
	return &day{rng: rand.New(rand.NewPCG(1, 1)), near: near, now: 800_000_000}
}

// BenchmarkFeedCodec: encoding and sealing a block, in bytes and time an entry.
func BenchmarkFeedCodec(b *testing.B) {
	for _, near := range []bool{true, false} {
		blocks := dayBlocks(near, 64)
		b.Run(fmt.Sprintf("encode/near=%v", near), func(b *testing.B) {
			var w feedEncoder
			var plain []byte
			bytes, i := 0, 0
			for b.Loop() {
				plain = w.encode(plain[:0], blocks[i%len(blocks)])
				bytes += len(plain)
				i++
			}
			n := float64(i * FeedBlockEntries)
			b.ReportMetric(float64(bytes)/n, "B/entry")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/entry")
		})
		b.Run(fmt.Sprintf("decode/near=%v", near), func(b *testing.B) {
			var w feedEncoder
			var d feedDecoder
			out := &feedBlock{}
			plain := w.encode(nil, blocks[40])
			for b.Loop() {
				must(b, d.decode(plain, out, blocks[40].list[0].Cursor, FeedBlockEntries))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*FeedBlockEntries), "ns/entry")
		})
	}
}

func dayBlocks(near bool, n int) (blocks []*feedBlock) {
	d, c := newDay(near), &engine.Changes{}
	blk := &feedBlock{}
	for pos := engine.Position(1); len(blocks) < n; pos++ {
		d.group(pos, c)
		for from := 0; from < len(c.List); {
			to := min(len(c.List), from+FeedBlockEntries-len(blk.list))
			blk.add(c, from, to)
			if from = to; len(blk.list) == FeedBlockEntries {
				blocks = append(blocks, blk)
				blk = &feedBlock{}
			}
		}
	}
	return blocks
}

// BenchmarkFeedAppend and BenchmarkFeedIngest: a group of 64 KB (2,500 scans) and its
// changes, with the feed set through the log (what the store does) and ingested as tables
// of 32 blocks (the design that lost: see feedBlockWriter).
func BenchmarkFeedAppend(b *testing.B) {
	benchFeed(b, func(s *Store) (func(engine.Position, *engine.Changes), func()) {
		return s.Feed().Append, func() { s.Feed().flush() }
	})
}

func BenchmarkFeedIngest(b *testing.B) {
	benchFeed(b, func(s *Store) (func(engine.Position, *engine.Changes), func()) {
		full := make(chan *feedBlock, feedQueueBlocks)
		done := make(chan struct{})
		go ingestBlocks(b, s, full, done)
		blk := s.feed.newBlock()
		return func(pos engine.Position, c *engine.Changes) {
			for from := 0; from < len(c.List); {
				to := min(len(c.List), from+FeedBlockEntries-len(blk.list))
				blk.add(c, from, to)
				if from = to; len(blk.list) == FeedBlockEntries {
					full <- blk
					blk = &feedBlock{list: make([]engine.Change, 0, FeedBlockEntries)}
				}
			}
		}, func() { close(full); <-done }
	})
}

func ingestBlocks(b *testing.B, s *Store, full <-chan *feedBlock, done chan<- struct{}) {
	defer close(done)
	var codec feedEncoder
	var sc sealScratch
	var w *sstable.Writer
	path := s.fs.PathJoin(s.pagesDir(), "feed")
	n := 0
	for blk := range full {
		plain := codec.encode(nil, blk)
		v := make([]byte, sealedBytes(feedClearBytes, len(plain)))
		key := binary.BigEndian.AppendUint64([]byte{prefixFeed}, uint64(blk.list[0].Cursor))
		s.seal.seal(v, key, feedClearBytes, plain, &sc)
		if w == nil {
			f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
			must(b, err)
			w = sstable.NewWriter(objstorageprovider.NewFileWritable(f), s.po.MakeWriterOptions(6, pebbleFormat.MaxTableFormat()))
		}
		must(b, w.Set(key, v))
		if n++; n%32 == 0 {
			must(b, w.Close())
			must(b, s.db.Ingest(context.Background(), []string{path}))
			w = nil
		}
	}
	if w != nil {
		must(b, w.Close())
	}
}

func benchFeed(b *testing.B, open func(s *Store) (add func(engine.Position, *engine.Changes), end func())) {
	for _, delay := range delays {
		b.Run(fmt.Sprintf("delay=%v", delay), func(b *testing.B) {
			s := benchStore(b, delay)
			d, c := newDay(true), &engine.Changes{}
			payload := noise(64 << 10)
			entries := 0
			var making, slowest time.Duration
			pos := engine.Position(0)
			b.ReportAllocs()
			add, end := open(s)
			for b.Loop() {
				for range 5 {
					pos++
					start := time.Now()
					d.group(pos, c)
					making += time.Since(start)
					add(pos, c)
					entries += len(c.List)
				}
				start := time.Now()
				_, err := s.Append(payload, HashCheck{})
				must(b, err)
				slowest = max(slowest, time.Since(start))
			}
			end()
			b.ReportMetric(float64((b.Elapsed()-making).Nanoseconds())/float64(entries), "ns/entry")
			b.ReportMetric(float64(slowest.Microseconds())/1000, "ms-slowest-append")
			m := s.db.Metrics()
			b.ReportMetric(float64(m.Total().TableBytesCompacted)/float64(s.JournalBytes()), "rewritten/B")
		})
	}
}

// BenchmarkSnapshot: 256 MB of pages of 64 KiB, written and loaded.
func BenchmarkSnapshot(b *testing.B) {
	const pages = 4096
	data := noise(64 << 10)
	for _, delay := range delays {
		s := benchStore(b, delay)
		_, err := s.Append(nil, HashCheck{})
		must(b, err)
		s.Feed().Append(1, &engine.Changes{})
		b.Run(fmt.Sprintf("write/delay=%v", delay), func(b *testing.B) {
			b.SetBytes(pages * int64(len(data)))
			for b.Loop() {
				w, err := s.NewSnapshot(1)
				must(b, err)
				for i := range pages {
					must(b, w.Page(1, uint32(i), data))
				}
				must(b, w.Commit(nil))
			}
		})
		b.Run(fmt.Sprintf("load/delay=%v", delay), func(b *testing.B) {
			b.SetBytes(pages * int64(len(data)))
			for b.Loop() {
				_, err := s.LoadSnapshot(func(engine.Position, []byte) error { return nil },
					func(uint8, uint32, []byte) error { return nil })
				must(b, err)
			}
		})
	}
}
