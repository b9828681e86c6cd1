package api

import (
	"bytes"
	"slices"
	"sync"
)

// memoryRejects keeps rejects as storage does, without a disk. Of a credential it has room
// for as many bytes as it is told, 0 for any.
type memoryRejects struct {
	mu      sync.Mutex
	last    uint64
	list    []memoryReject
	dropped uint64
	room    int
	err     error // of every call
	forgets bool  // Remove and Replace are lost, as in a crash
}

type memoryReject struct {
	id     uint64
	times  uint32
	class  string
	key    string
	record []byte
}

func (m *memoryRejects) Add(_ string, list []Reject) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range list {
		i := slices.IndexFunc(m.list, func(k memoryReject) bool { return k.key == string(r.Key) })
		switch {
		case i >= 0:
			m.list[i].times++
		case m.room > 0 && len(m.list) >= m.room:
			m.dropped++
		default:
			m.last++
			m.list = append(m.list, memoryReject{m.last, 1, r.Class, string(r.Key), bytes.Clone(r.Record)})
		}
	}
	return m.err
}

func (m *memoryRejects) List(after uint64, limit int, fn func(uint64, uint32, []byte) bool) (last uint64, more bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last = after
	for _, r := range m.list {
		if r.id <= after {
			continue
		}
		if limit--; limit < 0 {
			return last, true, m.err
		}
		if last = r.id; !fn(r.id, r.times, r.record) {
			limit = 0
		}
	}
	return last, false, m.err
}

func (m *memoryRejects) Remove(ids []uint64) (removed int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.list)
	if !m.forgets {
		m.list = slices.DeleteFunc(m.list, func(r memoryReject) bool { return slices.Contains(ids, r.id) })
	}
	return before - len(m.list), m.err
}

func (m *memoryRejects) Replace(ids []uint64, list []Reject) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, id := range ids {
		for k := range m.list {
			if m.list[k].id == id && !m.forgets {
				m.list[k].key, m.list[k].record = string(list[i].Key), bytes.Clone(list[i].Record)
			}
		}
	}
	return m.err
}

func (m *memoryRejects) Counts() (int, int64, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.list), int64(len(m.list)) * 100, m.dropped
}

// readyWithRejects finishes a server that keeps rejects.
func (h *house) readyWithRejects() *memoryRejects {
	m := &memoryRejects{}
	h.ready()
	h.server.Ready(Backend{Engine: h.engine, Pipeline: h.pipe, Feed: h.memory, Rejects: m})
	return m
}
