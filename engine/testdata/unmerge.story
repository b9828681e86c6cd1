# Of merge and unmerge of two identities the newest by at decides; of one second the unmerge.
# Proves: merge/unmerge
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
merge ada into eva 12:00
unmerge ada from eva 13:00
merge ben into fay 12:00
unmerge ben from fay 12:00
merge cem into gus 11:00
unmerge cem from gus 12:00
merge cem into gus 13:00
eva unknown
ada held because T100
ada stands alone
ben stands alone
cem is gus
