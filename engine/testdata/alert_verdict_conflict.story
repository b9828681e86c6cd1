# A later plain final that disagrees with a standing positive is kept, does not count, and raises verdict_conflict.
# Proves: alert/verdict_conflict
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
result T100 negative tested 14:00 reported 15:00
alert verdict_conflict T100
ada held because T100
