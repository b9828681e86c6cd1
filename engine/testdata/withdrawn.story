# withdrawn removes what that lab said before it: members are sampled without a result again, not negative.
# Proves: result/withdrawn
any order
scan T100 ada 08:01
result T100 negative tested 12:00 reported 13:00
result T100 negative tested 12:00 reported 14:00 withdrawn
ada sampled
ada no negative
