package main

import (
	"poolwise/api"
	"poolwise/engine"
	"poolwise/ingest"
	"poolwise/storage"
)

// journalPart fits the store to ingest.Journal.
type journalPart struct{ *storage.Store }

func (j journalPart) Append(payload []byte, check ingest.HashCheck) (engine.Position, error) {
	return j.Store.Append(payload, storage.HashCheck(check))
}

func (j journalPart) Replay(after engine.Position, fn func(engine.Position, []byte, ingest.HashCheck) error) error {
	return j.Store.Replay(after, func(pos engine.Position, payload []byte, check storage.HashCheck) error {
		return fn(pos, payload, ingest.HashCheck(check))
	})
}

// snapshotPart fits the store to ingest.Snapshots.
type snapshotPart struct{ *storage.Store }

func (s snapshotPart) Create(at engine.Position) (ingest.SnapshotWriter, error) {
	w, err := s.NewSnapshot(at)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (s snapshotPart) Load(meta func(engine.Position, []byte) error, page func(uint8, uint32, []byte) error) (engine.Position, error) {
	return s.LoadSnapshot(meta, page)
}

var (
	_ ingest.Journal   = journalPart{}
	_ ingest.Snapshots = snapshotPart{}
	_ ingest.Feed      = (*storage.Feed)(nil)
	_ api.Feed         = (*storage.Feed)(nil)
	_ ingest.Profiles  = (*storage.Profiles)(nil)
	_ api.Profiles     = (*storage.Profiles)(nil)
	_ api.Rejects      = (*storage.Rejects)(nil)
)

// Bounds of different packages that depend on each other.
const (
	_ = uint(storage.JournalPayloadBytesMax - ingest.JournalGroupBytesMax)
	_ = uint(storage.PageBytesMax - engine.PageBytes)
)
