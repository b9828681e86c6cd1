package loadtest

import "time"

// Resident IDs of synthetic people: area 990101 (unassigned, so no ID of a living
// person can appear), a birth date from 1930 to 2019, a sequence number, and the
// check character of GB 11643 (ISO 7064 MOD 11-2). After 32.8 million people the
// next area number begins, likewise unassigned.
const (
	idArea      = 990101
	idSequences = 1000
	idLength    = 18
	birthStride = 7919 // coprime to the number of days: neighbours differ in age
	birthDrift  = 131
	birthCount  = 32872 // days from 1930-01-01 to 2019-12-31; a constant, so that the compiler divides by multiplying
)

// idWeights are the factors of the seventeen digits, 2^(18-i) mod 11.
var idWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// idAreaSum is the part of the check sum that 9901 gives.
const idAreaSum = 9*7 + 9*9 + 0*10 + 1*5

const idCheckCharacters = "10X98765432"

var firstBirthDay = time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC)

// birthDay is one date ready to be copied into an ID.
type birthDay struct {
	text [8]byte
	sum  uint16 // its digits' part of the check sum
}

var birthDays, birthStrideInverse = makeBirthDays()

func makeBirthDays() (days []birthDay, inverse uint64) {
	for d := firstBirthDay; d.Year() < 2020; d = d.AddDate(0, 0, 1) {
		var b birthDay
		copy(b.text[:], d.Format("20060102"))
		for i, c := range b.text {
			b.sum += uint16(int(c-'0') * idWeights[6+i])
		}
		days = append(days, b)
	}
	if len(days) != birthCount {
		panic("loadtest: BUG: the birth dates are not as many as birthCount says")
	}
	for inverse = 1; birthStride*inverse%birthCount != 1; inverse++ {
		if inverse > birthCount {
			panic("loadtest: BUG: the birth stride has a common factor with the number of days")
		}
	}
	return days, inverse
}

// appendPerson appends the resident ID of a person, 18 characters.
func appendPerson(b []byte, person uint32) []byte {
	row, column := person/birthCount, person%birthCount
	day := &birthDays[(column*birthStride+row*birthDrift)%birthCount]
	area, sequence := row/idSequences, row%idSequences
	var id [idLength]byte
	copy(id[:], "9901")
	tens, ones := (area+1)/10, (area+1)%10 // of area numbers 990101 to 990131
	id[4], id[5] = byte('0'+tens), byte('0'+ones)
	sum := uint32(day.sum) + idAreaSum + tens*8 + ones*4
	copy(id[6:14], day.text[:])
	a, s, c := sequence/100, sequence/10%10, sequence%10
	id[14], id[15], id[16] = byte('0'+a), byte('0'+s), byte('0'+c)
	sum += a*8 + s*4 + c*2 // the last three of idWeights
	id[17] = idCheckCharacters[sum%11]
	return append(b, id[:]...)
}

// personOrdinal finds the person of a resident ID that appendPerson made.
func personOrdinal(id []byte) (uint32, bool) {
	if len(id) != idLength {
		return 0, false
	}
	for _, c := range id[:17] {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	born, err := time.Parse("20060102", string(id[6:14]))
	if err != nil || born.Before(firstBirthDay) {
		return 0, false
	}
	const n = birthCount
	day := uint64(born.Sub(firstBirthDay) / (24 * time.Hour))
	area := digits(id[:6])
	if day >= n || area < idArea {
		return 0, false
	}
	row := (area-idArea)*idSequences + digits(id[14:17])
	column := (day + n - row*birthDrift%n) % n * birthStrideInverse % n
	person := row*n + column
	if person > peopleMax || string(appendPerson(nil, uint32(person))) != string(id) {
		return 0, false
	}
	return uint32(person), true
}

func digits(b []byte) (n uint64) {
	for _, c := range b {
		n = n*10 + uint64(c-'0')
	}
	return n
}
