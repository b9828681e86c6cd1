# The identity that stands for the human is the one that is merged into no other; of several, or of a circle, the one with the smallest ID.
# Proves: merge/root
any order
merge eva into ada 10:00
merge ben into fay 10:00
merge ben into dan 10:00
merge cem into gus 10:00
merge gus into cem 10:00
eva is ada
ada stands alone
ben is dan
fay is dan
dan stands alone
gus is cem
cem stands alone
