package loadtest

// mix is the finaliser of splitmix64: a well-mixed 64-bit hash of x. The plan of a
// city is made of hashes of (seed, thing), so that any part of it can be made
// again, in any order, by any goroutine.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// dice draws numbers from the hash chain of one thing.
type dice struct{ state uint64 }

func newDice(seed, kind, thing uint64) dice {
	return dice{mix(seed*0x9e3779b97f4a7c15 + kind*0xd1342543de82ef95 + mix(thing+0x632be59bd9b4e019))}
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

// upTo draws a whole number from 0 to n-1.
//
// REQUIRES: n > 0.
func (d *dice) upTo(n int) int { return int((d.next() >> 32) * uint64(n) >> 32) }

// chance is true with probability p.
func (d *dice) chance(p float64) bool { return float64(d.next()>>11) < p*(1<<53) }

// shuffle is a permutation of 0..n-1 that needs no memory: a Feistel network over
// the next power of four, walked until it falls inside.
type shuffle struct {
	n, half, mask uint64
	keys          [4]uint64
}

func newShuffle(n, seed uint64) shuffle {
	s := shuffle{n: n, half: 1}
	for uint64(1)<<(2*s.half) < n {
		s.half++
	}
	s.mask = 1<<s.half - 1
	for i := range s.keys {
		s.keys[i] = mix(seed + uint64(i)*0x9e3779b97f4a7c15 + 1)
	}
	return s
}

// at is the i-th element of the permutation.
//
// REQUIRES: i < n.
func (s *shuffle) at(i uint64) uint64 {
	for {
		l, r := i>>s.half, i&s.mask
		for _, k := range s.keys {
			l, r = r, l^(mix(r+k)&s.mask)
		}
		if i = l<<s.half | r; i < s.n {
			return i
		}
	}
}
