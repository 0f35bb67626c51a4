/** --tpm: which TPM a command works with. */
export const TPM_FLAG = [
  '--tpm <address>',
  'the TPM: device:/dev/tpmrm0, swtpm:host=HOST,port=PORT or swtpm:path=FILE (default: /dev/tpmrm0, else a swtpm in the data folder)',
] as const;
