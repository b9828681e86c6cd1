package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Sizes of a sealed value: envelope, clear part of its kind, ciphertext, tag.
const (
	sealVersion   = 1
	envelopeBytes = 1 + 4 + 8 // version, data key, nonce counter
	tagBytes      = 16
	nonceBytes    = 12
)

// sealer seals whole values with AES-256-GCM: 5.8 GB/s, against 6 M HMACs a second.
//
//   - The key of the key file never seals data. It wraps data keys, and the check value
//     that tells a wrong key file at Open; their nonces are random, a few in a lifetime.
//   - Each Open draws a data key and stores it wrapped and synced before its first use.
//     Nonces are a counter under that key, so none repeats, not even after a lost tail or
//     a restored backup.
//   - The value's own Pebble key, and all of the value ahead of the ciphertext, are
//     authenticated too. So a value moved to another key is found, and what a kind keeps
//     in the clear can be read without the key, yet not altered.
//
// Any goroutine may seal and open, each with its own scratch.
type sealer struct {
	db   *pebble.DB
	file cipher.AEAD // under the key file's key

	id      uint32 // of this run's data key
	aead    cipher.AEAD
	counter atomic.Uint64

	mu    sync.RWMutex
	known map[uint32]cipher.AEAD
}

// sealScratch keeps what a seal hands to the cipher, which would escape to the heap.
type sealScratch struct {
	nonce [nonceBytes]byte
	aad   []byte
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("storage: BUG: " + err.Error())
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic("storage: BUG: " + err.Error())
	}
	return a
}

var checkText = []byte("poolwise key check")

// newSealer checks the key against the store (fresh: writes the check value) and makes
// this run's data key durable.
func newSealer(db *pebble.DB, key []byte, fresh bool) (*sealer, error) {
	s := &sealer{db: db, file: newAEAD(key), known: map[uint32]cipher.AEAD{}}
	b := db.NewBatch()
	defer b.Close()
	if fresh {
		set(b, keyFormat, []byte(storeFormat))
		set(b, keyCheck, s.wrap(keyCheck, checkText))
	} else if err := s.checkKey(); err != nil {
		return nil, err
	}
	last, err := lastKey(db, prefixDataKey)
	if err != nil {
		return nil, err
	}
	s.id = 1
	if last != nil {
		if len(last) != dataKeyKeyBytes {
			return nil, fmt.Errorf("cannot read data keys: key of %d bytes; want %d: %w", len(last), dataKeyKeyBytes, ErrFormat)
		}
		s.id = binary.BigEndian.Uint32(last[1:]) + 1
	}
	data := make([]byte, keyBytes)
	rand.Read(data) // never fails
	s.aead = newAEAD(data)
	s.known[s.id] = s.aead
	set(b, dataKeyKey(s.id), s.wrap(dataKeyKey(s.id), data))
	return s, db.Apply(b, pebble.Sync)
}

// set into a batch, which fails only past 4 GB.
func set(b *pebble.Batch, key, value []byte) {
	if err := b.Set(key, value, nil); err != nil {
		panic("storage: BUG: " + err.Error())
	}
}

func (s *sealer) checkKey() error {
	v, err := getCopy(s.db, keyCheck)
	if errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("cannot check the key: no check value: %w", ErrFormat)
	}
	if err != nil {
		return fmt.Errorf("cannot check the key: %w", err)
	}
	plain, err := s.unwrap(keyCheck, v)
	if err != nil || string(plain) != string(checkText) {
		return fmt.Errorf("cannot open the store with this key file: %w", ErrWrongKey)
	}
	return nil
}

// wrap seals under the key file's key, with a random nonce.
func (s *sealer) wrap(key, plain []byte) []byte {
	v := make([]byte, 1+nonceBytes, 1+nonceBytes+len(plain)+tagBytes)
	v[0] = sealVersion
	rand.Read(v[1:])
	return s.file.Seal(v, v[1:1+nonceBytes], plain, key)
}

func (s *sealer) unwrap(key, v []byte) ([]byte, error) {
	if len(v) < 1+nonceBytes+tagBytes || v[0] != sealVersion {
		return nil, ErrFormat
	}
	plain, err := s.file.Open(nil, v[1:1+nonceBytes], v[1+nonceBytes:], key)
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

func sealedBytes(clear, plain int) int { return envelopeBytes + clear + plain + tagBytes }

// seal fills dst, whose clear part [envelopeBytes:envelopeBytes+clear] the caller has
// written.
//
// REQUIRES: len(dst) == sealedBytes(clear, len(plain)); plain does not overlap dst,
// or is exactly where its ciphertext goes.
func (s *sealer) seal(dst, key []byte, clear int, plain []byte, sc *sealScratch) {
	if len(dst) != sealedBytes(clear, len(plain)) {
		panic("storage: BUG: seal into a buffer of the wrong size")
	}
	n := s.counter.Add(1)
	dst[0] = sealVersion
	binary.BigEndian.PutUint32(dst[1:], s.id)
	binary.BigEndian.PutUint64(dst[5:], n)
	binary.BigEndian.PutUint64(sc.nonce[4:], n)
	head := envelopeBytes + clear
	sc.aad = append(append(sc.aad[:0], key...), dst[:head]...)
	s.aead.Seal(dst[head:head], sc.nonce[:], plain, sc.aad)
}

// open appends the plaintext to dst. ENSURES: the error is ErrFormat or ErrSeal.
func (s *sealer) open(dst, key, v []byte, clear int, sc *sealScratch) ([]byte, error) {
	if len(v) < sealedBytes(clear, 0) {
		return dst, fmt.Errorf("got %d bytes; want at least %d: %w", len(v), sealedBytes(clear, 0), ErrFormat)
	}
	if v[0] != sealVersion {
		return dst, fmt.Errorf("got version %d; want %d: %w", v[0], sealVersion, ErrFormat)
	}
	aead, err := s.dataKey(binary.BigEndian.Uint32(v[1:]))
	if err != nil {
		return dst, err
	}
	copy(sc.nonce[4:], v[5:envelopeBytes])
	head := envelopeBytes + clear
	sc.aad = append(append(sc.aad[:0], key...), v[:head]...)
	plain, err := aead.Open(dst, sc.nonce[:], v[head:], sc.aad)
	if err != nil {
		return dst, ErrSeal
	}
	return plain, nil
}

// dataKey is the cipher of one run of the store, unwrapped at first sight.
func (s *sealer) dataKey(id uint32) (cipher.AEAD, error) {
	if id == s.id {
		return s.aead, nil
	}
	s.mu.RLock()
	aead := s.known[id]
	s.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	key := dataKeyKey(id)
	v, err := getCopy(s.db, key)
	if err != nil {
		return nil, fmt.Errorf("data key %d: %v: %w", id, err, ErrSeal)
	}
	plain, err := s.unwrap(key, v)
	if err != nil || len(plain) != keyBytes {
		return nil, fmt.Errorf("data key %d is damaged: %w", id, ErrSeal)
	}
	aead = newAEAD(plain)
	s.mu.Lock()
	s.known[id] = aead
	s.mu.Unlock()
	return aead, nil
}
