/*
 * What Deno for Windows needs of bcryptprimitives.dll, which Wine 10 does not
 * have, and a mend of Wine: its IcmpSendEcho2Ex frees the IO_STATUS_BLOCK of a
 * request that is under way, to which the kernel then writes. That damages the
 * heap, and Deno with it. So nothing that iphlpapi.dll allocates is freed.
 */

#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG bytes); /* RtlGenRandom */

static BOOL WINAPI keep(HANDLE heap, DWORD flags, LPVOID block)
{
	(void)heap, (void)flags, (void)block;
	return TRUE;
}

/* Makes a library call `function` in place of the import of this name. */
static void replace_import(const char *library, const char *name, void *function)
{
	BYTE *base = (BYTE *)LoadLibraryA(library);
	if (base == NULL)
		return;
	IMAGE_NT_HEADERS *headers = (void *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
	IMAGE_DATA_DIRECTORY *directory =
		&headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
	IMAGE_IMPORT_DESCRIPTOR *imported = (void *)(base + directory->VirtualAddress);
	for (; imported->Name != 0; imported++) {
		IMAGE_THUNK_DATA *names = (void *)(base + imported->OriginalFirstThunk);
		IMAGE_THUNK_DATA *addresses = (void *)(base + imported->FirstThunk);
		for (; names->u1.AddressOfData != 0; names++, addresses++) {
			if (IMAGE_SNAP_BY_ORDINAL(names->u1.Ordinal))
				continue;
			IMAGE_IMPORT_BY_NAME *entry = (void *)(base + names->u1.AddressOfData);
			DWORD protection;
			if (strcmp((char *)entry->Name, name) != 0)
				continue;
			VirtualProtect(addresses, sizeof *addresses, PAGE_READWRITE, &protection);
			addresses->u1.Function = (ULONG_PTR)function;
			VirtualProtect(addresses, sizeof *addresses, protection, &protection);
		}
	}
}

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T bytes)
{
	static LONG mended;
	if (InterlockedExchange(&mended, 1) == 0)
		replace_import("iphlpapi.dll", "HeapFree", (void *)keep);
	return SystemFunction036(buffer, (ULONG)bytes);
}
