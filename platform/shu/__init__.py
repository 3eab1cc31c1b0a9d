"""SHU (sisa hasil usaha): divide a year's surplus by the bylaws, to the rupiah, and explain each share."""
