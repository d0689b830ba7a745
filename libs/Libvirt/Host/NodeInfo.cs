namespace Kilonova.Libvirt.Host;

/// <summary><c>virNodeInfo</c>.</summary>
/// <param name="CpuModel">Architecture of the host CPU (<c>x86_64</c>).</param>
/// <param name="MemoryKiB">Memory, KiB.</param>
/// <param name="Cpus">Active CPUs.</param>
/// <param name="Mhz">Expected frequency, MHz.</param>
/// <param name="NumaCells">NUMA cells; 1 if libvirt cannot express the topology.</param>
/// <param name="SocketsPerCell">Sockets per cell.</param>
/// <param name="CoresPerSocket">Cores per socket.</param>
/// <param name="ThreadsPerCore">Threads per core.</param>
public sealed record NodeInfo(
    string CpuModel, long MemoryKiB, int Cpus, int Mhz, int NumaCells, int SocketsPerCell, int CoresPerSocket, int ThreadsPerCore);

/// <summary>Which software answers.</summary>
/// <param name="Driver">Driver (<c>QEMU</c>, <c>TEST</c>).</param>
/// <param name="Hypervisor">Version of the hypervisor (QEMU).</param>
/// <param name="Daemon">Version of the libvirt daemon.</param>
public sealed record HypervisorVersion(string Driver, Version Hypervisor, Version Daemon);
