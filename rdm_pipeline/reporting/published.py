"""The paper's numbers, for a column of their own: arXiv 2607.02375, ImageNet-256.

They come from other images and 14 other encoders, so they orient; ours are no reproduction of them.
"""

COLUMN = "paper (ImageNet-256, 14 other encoders)"

# Table 1: SW ratio, mean over the paper's panel of 14.
SW_R14 = {
    "real": 1.00,
    "iRDM": 1.30,
    "pMF-H FD-SIM": 2.05,
    "REPA-E SiT-XL": 2.40,
    "RAE-XL": 2.43,
    "LightningDiT-XL": 3.10,
    "SiT-XL/2+REPA": 3.61,
    "MAR-H": 3.87,
    "SiT-XL/2": 4.27,
    "Drifting-L": 5.93,
}

# Table 7 (appendix D): RFF-MMD^2 ratio, mean over the same panel.
MMD_R14 = {"iRDM": 2.69}
