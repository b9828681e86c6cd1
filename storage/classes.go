package storage

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

var (
	// ErrErased: sealed under a class whose key was destroyed. Nothing brings it back.
	ErrErased = errors.New("erased")
	// ErrRounds: the file of class keys is missing, cut, altered, or older than the store.
	ErrRounds = errors.New("file of round keys refused")
	// ErrClassName: no round can have this name.
	ErrClassName = errors.New("no name of a round")
)

// classes are the retention classes: everything that names a person is sealed under the
// key of the round that it came in under, so that destroying one key of 32 bytes makes
// unreadable what no deletion reaches: journal values, backups, blocks that a disk has
// put aside.
//
//   - Keys stand in the file of rounds (roundsFile) beside the key file, each wrapped by
//     the key file's key. No copy of the data directory holds one.
//   - A number is given once. After an erasure, data of the same round gets another
//     number and key.
//   - A key is durable in the file, and its number in the store, before anything is sealed
//     with it. So a file that does not know a number which the store knows is an old one,
//     and refused.
//   - Nonces are 96 random bits. A class seals a blob a request and a block of 64 people at
//     a time: far from the 2³² at which two nonces of one key may meet.
//
// Sealing and opening read one atomic pointer; making and destroying lock.
type classes struct {
	file   roundsFile
	signer []byte // seed of the key that signs reports
	secret []byte // what Secret derives from

	mu    sync.Mutex // held while the table is replaced
	table atomic.Pointer[classTable]
}

// classTable is never changed, only replaced.
type classTable struct {
	all  []*class // by number − 1, without a gap
	live map[string]*class
}

// class is one retention class; it is never changed, only replaced.
type class struct {
	number  uint32
	name    string
	created time.Time
	erased  time.Time // zero: live
	wrapped []byte    // nil: erased
	aead    cipher.AEAD
}

func (c *class) isErased() bool { return !c.erased.IsZero() }

// Sizes of a value sealed under a class: number, nonce, ciphertext, tag.
const (
	classNumberBytes = 4
	classHeadBytes   = classNumberBytes + nonceBytes
	classSealedBytes = classHeadBytes + tagBytes // of nothing
)

// derive makes a key for one purpose out of the key file's.
func derive(key []byte, purpose string) []byte {
	k, err := hkdf.Key(sha256.New, key, nil, "poolwise "+purpose, keyBytes)
	if err != nil {
		panic("storage: BUG: " + err.Error())
	}
	return k
}

// Secret gives 32 bytes for a purpose, derived from the key file's key: the same for as long
// as the store keeps that key, and telling nothing of it or of those for other purposes.
func (s *Store) Secret(purpose string) []byte { return derive(s.classes.secret, purpose) }

// openClasses reads the file and holds it against what the store knows.
func (s *Store) openClasses(key []byte) error {
	c := &s.classes
	c.file = roundsFile{fs: s.fs, path: s.o.KeyFile + roundsSuffix, wrap: newAEAD(key), mac: derive(key, "rounds file")}
	c.signer = derive(key, "erase report")
	c.secret = derive(key, "secrets")
	if err := c.file.scrub(c.file.path + roundsDraft); err != nil {
		return err
	}
	all, err := c.file.read()
	if err != nil {
		return err
	}
	known, err := s.knownClasses()
	if err != nil {
		return err
	}
	if len(known) > len(all) {
		return fmt.Errorf("cannot use the file of round keys %s: got %d rounds, or no file; the store has data of %d: restore the newest copy of the file: %w",
			c.file.path, len(all), len(known), ErrRounds)
	}
	back := false
	for i, erased := range known {
		if erased && !all[i].isErased() {
			all[i], back = all[i].destroyed(), true
		}
	}
	if back {
		s.o.Logf("storage: the file of round keys is an older copy, with keys of erased rounds; destroying them again")
		if err := c.file.overwrite(all); err != nil {
			return fmt.Errorf("cannot destroy the keys of erased rounds again in %s: %w", c.file.path, err)
		}
	}
	c.publish(all)
	return nil
}

// destroyed is the class without its key.
func (c *class) destroyed() *class {
	return &class{number: c.number, name: c.name, created: c.created, erased: time.Now().UTC().Truncate(time.Second)}
}

func (c *classes) publish(all []*class) {
	t := &classTable{all: all, live: map[string]*class{}}
	for _, e := range all {
		if !e.isErased() {
			t.live[e.name] = e
		}
	}
	c.table.Store(t)
}

// sealClass appends plain, sealed under a class, to dst; the first use of a name makes
// the class. aad must be given again to open it. Any goroutine.
//
// ENSURES: the error is ErrClassName or ErrTooLarge; a key that cannot be stored is Fatal.
func (s *Store) sealClass(dst []byte, class string, aad, plain []byte) ([]byte, error) {
	c := s.classes.table.Load().live[class]
	if c == nil {
		var err error
		if c, err = s.newClass(class); err != nil {
			return dst, err
		}
	}
	return c.seal(dst, aad, plain), nil
}

func (c *class) seal(dst, aad, plain []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, c.number)
	dst = append(dst, make([]byte, nonceBytes)...)
	nonce := dst[at+classNumberBytes : at+classHeadBytes]
	rand.Read(nonce) // never fails
	return c.aead.Seal(dst, nonce, plain, aad)
}

// openClass appends the plaintext to dst. Any goroutine.
//
// ENSURES: the error is ErrErased, ErrFormat or ErrSeal.
func (s *Store) openClass(dst []byte, aad, sealed []byte) (plain []byte, err error) {
	number, ok := s.classOf(sealed)
	if !ok {
		return dst, fmt.Errorf("got %d bytes; want at least %d: %w", len(sealed), classSealedBytes, ErrFormat)
	}
	c := s.classes.of(number)
	if c == nil {
		return dst, fmt.Errorf("got round number %d, which was never given out: %w", number, ErrSeal)
	}
	if c.isErased() {
		return dst, ErrErased
	}
	plain, err = c.aead.Open(dst, sealed[classNumberBytes:classHeadBytes], sealed[classHeadBytes:], aad)
	if err != nil {
		return dst, ErrSeal
	}
	return plain, nil
}

// classOf is the number of the class that a value is sealed under.
func (s *Store) classOf(sealed []byte) (number uint32, ok bool) {
	if len(sealed) < classSealedBytes {
		return 0, false
	}
	return binary.LittleEndian.Uint32(sealed), true
}

// of is the class of a number, nil for none.
func (c *classes) of(number uint32) *class {
	t := c.table.Load()
	if number == 0 || uint64(number) > uint64(len(t.all)) {
		return nil
	}
	return t.all[number-1]
}

// newClass makes the class of a name, unless another goroutine just has.
func (s *Store) newClass(name string) (*class, error) {
	if !isClassName(name) {
		return nil, fmt.Errorf("cannot seal under a round: got a name of %d bytes; want 1 to %d of 0-9 A-Z a-z . _ -: %w", len(name), classNameBytesMax, ErrClassName)
	}
	if err := s.alive("make the key of a round"); err != nil {
		return nil, err
	}
	c := &s.classes
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table.Load()
	if len(t.all) >= classesMax-classesLast {
		name = classLast // there is always room for it: nobody is refused for his neighbour's names
	}
	if made := t.live[name]; made != nil {
		return made, nil
	}
	if len(t.all) >= classesMax {
		return nil, fmt.Errorf("cannot make the key of another round: there are %d: %w", len(t.all), ErrTooLarge)
	}
	defer s.guard("make the key of a round")
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	made := &class{number: uint32(len(t.all)) + 1, name: name, created: time.Now().UTC().Truncate(time.Second), aead: newAEAD(key)}
	made.wrapped = c.file.wrapKey(made, key)
	clear(key)
	all := append(append(make([]*class, 0, len(t.all)+1), t.all...), made)
	if err := c.file.write(all); err != nil {
		s.die("make the key of a round", err)
	}
	if err := s.db.Set(classKey(made.number), classLive, pebble.Sync); err != nil {
		s.die("make the key of a round", err)
	}
	next := &classTable{all: all, live: maps.Clone(t.live)}
	next.live[name] = made
	c.table.Store(next)
	return made, nil
}

func isClassName(name string) bool {
	if len(name) == 0 || len(name) > classNameBytesMax {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// What the store says of a class: live, or that its erasure is complete.
var (
	classLive   = []byte{0}
	classErased = []byte{1}
)

// knownClasses is what the store says, by number − 1: whether the erasure of each is
// complete.
func (s *Store) knownClasses() (erased []bool, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixClass}, UpperBound: after(prefixClass)})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		key := it.Key()
		v, verr := it.ValueAndErr()
		if verr != nil {
			return nil, errors.Join(verr, it.Close())
		}
		if len(key) != classKeyBytes || len(v) != 1 || v[0] > classErased[0] {
			return nil, errors.Join(fmt.Errorf("cannot read the record of a round: got key %x, value %x: %w", key, v, ErrFormat), it.Close())
		}
		number := binary.BigEndian.Uint32(key[1:])
		if number == 0 || number > classesMax {
			return nil, errors.Join(fmt.Errorf("cannot read the record of a round: got number %d; want 1 to %d: %w", number, classesMax, ErrFormat), it.Close())
		}
		for uint32(len(erased)) < number {
			erased = append(erased, false) // its record is missing: an older directory
		}
		erased[number-1] = v[0] == classErased[0]
	}
	return erased, errors.Join(it.Error(), it.Close())
}
