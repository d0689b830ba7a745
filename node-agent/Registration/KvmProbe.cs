using System.Text.Json;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// Finds out whether guests run with KVM by running one: a device node says little (nested hosts have one with which only some guests run). The guest's firmware does
/// what every 64-bit kernel does at its beginning and writes a letter to the serial port; when the letter arrives, guests run. Tried once per boot of the host.
/// </summary>
internal sealed class KvmProbe(LibvirtHost libvirt, StateDirectory state, TimeProvider time)
{
    private const string NamePrefix = "kilonova-probe-";
    private const byte Letter = (byte)'K';

    /// <summary>The firmware, assembled from <c>KvmProbe.S</c>.</summary>
    private const string Code =
        "fafc31c08ed88ec0bf00106631c0b9001066f3ab66c70600100320000066c70600200330000066c706003083000000c7063040d500c70632400800c7" +
        "063440008ec70636400f002e660f0116f8000f20e0660d200600000f22e066b8001000000f22d866b9800000c00f32660d000100000f300f20c06683" +
        "e0fb660d030000800f22c066ea8b000f00080066b810008ed88ec08ed048c7c4008000000f011d5b00000031dbcc660f6ec3660f7ec0890425005000" +
        "00c7042508300000830000000f20d80f22d88b04250050200066baf803eef4ebfdb34b48cf8db400008d74000000000000000000ffff0000009baf00" +
        "ffff00000093cf001700e0000f003f000040000000000000";

    private const int FirmwareBytes = 64 << 10;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>The verdict for this boot, from the file of an earlier try or from a new one.</summary>
    /// <exception cref="LibvirtException">libvirt went away: nothing was found out.</exception>
    public async Task<KvmVerdict> VerdictAsync(string bootID, CancellationToken cancel)
    {
        var path = state.FileOf("kvm.json");
        if (File.Exists(path) && JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path, cancel), AgentJsonContext.Default.KvmVerdict) is { } known && known.BootID == bootID)
            return known;
        var (usable, message) = File.Exists("/dev/kvm") ? await TryAsync("kvm", cancel) : (false, "There is no /dev/kvm: virtualization is off in the firmware, or the module is not loaded.");
        var verdict = new KvmVerdict(bootID, usable, message);
        DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(verdict, AgentJsonContext.Default.KvmVerdict));
        return verdict;
    }

    /// <summary>Runs the guest with an accelerator and says whether its CPU ran.</summary>
    public async Task<(bool Ran, string Message)> TryAsync(string domainType, CancellationToken cancel)
    {
        var uuid = Guid.NewGuid();
        var folder = Directory.CreateDirectory(state.FileOf("probe")).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var firmware = Path.Combine(folder, "firmware");
        var output = Path.Combine(folder, "output");
        await File.WriteAllBytesAsync(firmware, Firmware(), cancel);
        File.Delete(output);
        foreach (var left in (await libvirt.Domains.ListAsync(DomainListFlags.Inactive, cancel)).Where(domain => domain.Name.StartsWith(NamePrefix, StringComparison.Ordinal)))
            await RemoveAsync(left.Uuid);
        try
        {
            await libvirt.Domains.DefineAsync(DomainXml.Write(Definition(domainType, uuid, firmware, output)), cancellationToken: cancel);
            await libvirt.Domains.StartAsync(uuid, DomainStartFlags.AutoDestroy, cancel);
            return await WaitAsync(uuid, output, cancel);
        }
        catch (LibvirtException error) when (!error.IsConnectionLost)
        {
            return (false, $"A guest with {domainType} does not start: {error.Message}");
        }
        finally
        {
            await RemoveAsync(uuid);
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<(bool Ran, string Message)> WaitAsync(Guid uuid, string output, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < Limit)
        {
            if (File.Exists(output) && (await File.ReadAllBytesAsync(output, cancel)).Contains(Letter))
                return (true, $"A guest ran with KVM, its first output after {time.GetElapsedTime(began).TotalMilliseconds:0} ms.");
            var now = await libvirt.Domains.GetStateAsync(uuid, cancel);
            if (now.State is not (DomainState.Running or DomainState.Blocked))
                return (false, $"The guest was started and then was {now.State} (reason {now.Reason}): its CPU does not run.");
            await Task.Delay(Look, time, cancel);
        }

        return (false, $"The guest was started and its CPU did nothing for {Limit.TotalSeconds:0} s.");
    }

    private async Task RemoveAsync(Guid uuid)
    {
        try
        {
            await libvirt.Domains.DestroyAsync(uuid);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid || error.IsNoDomain)
        {
            // It did not run.
        }
        catch (LibvirtException error) when (error.IsConnectionLost)
        {
            return; // AutoDestroy has ended it; the definition goes before the next try.
        }

        try
        {
            await libvirt.Domains.UndefineAsync(uuid, DomainUndefineFlags.Everything);
        }
        catch (LibvirtException error) when (error.IsNoDomain || error.IsConnectionLost)
        {
            // It is gone, or will be.
        }
    }

    private static DomainDefinition Definition(string type, Guid uuid, string firmware, string output) => new()
    {
        Type = type,
        Name = $"{NamePrefix}{uuid:N}",
        Uuid = uuid,
        Description = "Kilonova's agent finds out whether guests run with KVM. It goes by itself.",
        MemoryKiB = 32 << 10,
        VirtualCpus = 1,
        Os = new GuestOs { Machine = "pc", Loader = new FirmwareLoader(firmware, "rom", ReadOnly: true) },
        OnPoweroff = "destroy",
        OnReboot = "destroy",
        OnCrash = "destroy",
        Devices = new GuestDevices
        {
            Serials = [new CharacterDevice { Source = new FileCharacter(output) }],
            MemoryBalloon = new MemoryBalloon("none"),
        },
    };

    /// <summary>A CPU starts at F000:FFF0, from where it jumps to the beginning of the ROM.</summary>
    internal static byte[] Firmware()
    {
        var rom = new byte[FirmwareBytes];
        Convert.FromHexString(Code).CopyTo(rom, 0);
        ReadOnlySpan<byte> start = [0xea, 0x00, 0x00, 0x00, 0xf0];
        start.CopyTo(rom.AsSpan(0xfff0));
        return rom;
    }
}
