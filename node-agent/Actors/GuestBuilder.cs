using System.Globalization;
using System.Security.Cryptography;
using Kilonova.Crds;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Xml;
using Kilonova.NodeAgent.ConfigDrive;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Images;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Makes what a guest needs before it starts: image, root disk, config drive, definition. Each step looks at what is there already, so that the whole can be
/// cut off anywhere and begun again. A disk that a guest has run from is never made anew.
/// </summary>
internal sealed class GuestBuilder(StateDirectory state, ImageCache images, LibvirtHost libvirt, InstanceApi api, FaultPoints faults, Sequence sequence, TimeProvider time, int parallel)
{
    private static readonly TimeSpan CreateLimit = TimeSpan.FromMinutes(2);

    private readonly TurnGate heavy = new(parallel);

    /// <summary>How long the parts of a build took.</summary>
    public sealed record Durations(TimeSpan Image, TimeSpan Disks, TimeSpan ConfigDrive, TimeSpan Define);

    /// <summary>Prepares a guest.</summary>
    /// <param name="instance">Its Instance.</param>
    /// <param name="record">The agent's record of it.</param>
    /// <param name="profile">What guests get here.</param>
    /// <param name="tell">Told of the step under way, and how far it is.</param>
    /// <param name="cancel">Stops at once; what was made is the removal's to clear away.</param>
    /// <exception cref="BuildFailure">It cannot be done here.</exception>
    public async Task<(Preparation Preparation, Durations Durations)> PrepareAsync(Instance instance, InstanceRecord? record, HostProfile profile, Action<InstanceStep, StepProgress?> tell, CancellationToken cancel)
    {
        var spec = instance.Spec;
        var files = FilesOf(instance.Metadata.Name!);
        if (spec.Flavor is null || spec.Image is null)
            throw new BuildFailure(InstanceStep.Pending, "NothingToBoot", "The Instance has no flavor or no image: there is nothing to boot from.", elsewhere: false);
        await BeginAsync(InstanceStep.Network, tell, cancel);
        CheckNetworks(spec);

        var began = time.GetTimestamp();
        await BeginAsync(InstanceStep.Image, tell, cancel);
        var image = await ImageAsync(spec.Image, files, record, tell, cancel);
        var afterImage = time.GetTimestamp();

        await BeginAsync(InstanceStep.Disks, tell, cancel);
        await heavy.EnterAsync(instance, cancel);
        try
        {
            CreateDirectory(files);
            if (!File.Exists(files.RootDisk))
                await CreateRootDiskAsync(image, spec.Flavor, record, files, cancel);
            else if (record?.Epoch != spec.Epoch)
                await ForgetSavedAsync(instance.Metadata.Name!, cancel);
            var afterDisks = time.GetTimestamp();

            await BeginAsync(InstanceStep.ConfigDrive, tell, cancel);
            await WriteConfigDriveAsync(instance, files, cancel);
            var afterDrive = time.GetTimestamp();

            await BeginAsync(InstanceStep.Define, tell, cancel);
            var machine = record?.MachineType ?? profile.Machine;
            await DefineAsync(GuestDefinition.Of(instance, files, profile, machine), cancel);
            var preparation = new Preparation(sequence.Next(), instance.Metadata.Uid, instance.Metadata.Generation)
            {
                ImageDigest = record?.ImageDigest ?? image.Digest,
                MachineType = machine,
                CpuModel = profile.CpuModel,
                Disks = [files.RootDisk, files.ConfigDrive],
            };
            return (preparation, new Durations(time.GetElapsedTime(began, afterImage), time.GetElapsedTime(afterImage, afterDisks), time.GetElapsedTime(afterDisks, afterDrive), time.GetElapsedTime(afterDrive)));
        }
        catch (IOException error) when (error.HResult == 28) // ENOSPC
        {
            throw new BuildFailure(InstanceStep.Disks, "DiskFull", "The file system of the guests' disks is full.", elsewhere: true, error);
        }
        finally
        {
            heavy.Leave();
        }
    }

    private Task BeginAsync(InstanceStep step, Action<InstanceStep, StepProgress?> tell, CancellationToken cancel)
    {
        tell(step, null);
        return faults.ReachAsync(step.ToString(), cancel);
    }

    // Memory that libvirt saved under an earlier placement number is not of this run: the disk may have been written to since.
    private async Task ForgetSavedAsync(string instanceID, CancellationToken cancel)
    {
        var uuid = Guid.ParseExact(instanceID, "D");
        try
        {
            if (await libvirt.Domains.HasSaveAsync(uuid, cancel))
                await libvirt.Domains.RemoveSaveAsync(uuid, cancel);
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            // Then nothing is saved of it.
        }
    }

    private InstanceFiles FilesOf(string instanceID) => StateDirectory.IsInstanceID(instanceID)
        ? state.FilesOf(instanceID)
        : throw new BuildFailure(InstanceStep.Pending, "InstanceIDRefused", $"'{instanceID}' is not an instance ID: a UUID in lower case.", elsewhere: false);

    private static void CheckNetworks(InstanceSpec spec)
    {
        foreach (var nic in spec.Interfaces ?? [])
        {
            if (nic.Type is not (NetworkType.User or NetworkType.Bridge))
                throw new BuildFailure(InstanceStep.Network, "NetworkTypeNotImplemented", $"Network {nic.Network} is of type {nic.Type}, which this agent does not know.", elsewhere: false);
            if (nic.Type == NetworkType.Bridge && !IsBridge(nic.Bridge))
                throw new BuildFailure(InstanceStep.Network, "BridgeMissing", $"Network {nic.Network} needs bridge '{nic.Bridge}', which this host does not have.", elsewhere: true);
        }
    }

    private static bool IsBridge(string? name) =>
        name is { Length: > 0 and < 16 } && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..") && Directory.Exists($"/sys/class/net/{name}/bridge");

    // Once a guest has its disk, only what the disk refers to is needed: by its digest, not by what the source has today.
    private async Task<CachedImage> ImageAsync(InstanceImage image, InstanceFiles files, InstanceRecord? record, Action<InstanceStep, StepProgress?> tell, CancellationToken cancel)
    {
        if (record?.ImageDigest is { } digest && File.Exists(files.RootDisk))
            image = image with { Checksum = digest };
        return await images.GetAsync(image, progress => tell(InstanceStep.Image, Progress(progress)), cancel);
    }

    private static StepProgress Progress(DownloadProgress progress) => new()
    {
        Percent = progress.Total is > 0 and { } total ? (int)(100 * progress.Bytes / total) : 0,
        Message = progress.Total is { } all ? $"{progress.Bytes >> 20} of {all >> 20} MiB" : $"{progress.Bytes >> 20} MiB",
    };

    // QEMU runs as another user: it passes through, sees no names, and is given the files that libvirt relabels.
    private void CreateDirectory(InstanceFiles files)
    {
        if (Directory.Exists(files.Directory))
            return;
        Directory.CreateDirectory(files.Directory, (UnixFileMode)0b111_001_001);
        DurableFile.SyncDirectory(state.Instances);
    }

    private static async Task CreateRootDiskAsync(CachedImage image, InstanceFlavor flavor, InstanceRecord? record, InstanceFiles files, CancellationToken cancel)
    {
        if (record?.LaunchedAt is not null)
            throw new BuildFailure(InstanceStep.Disks, "DiskMissing", $"The guest has run here, and its root disk {files.RootDisk} is gone. It is not made anew: restore it, or delete the server.", elsewhere: false);
        var size = flavor.RootGiB > 0 ? flavor.RootGiB << 30 : (image.VirtualBytes + 511) / 512 * 512;
        if (image.VirtualBytes > size)
        {
            throw new BuildFailure(InstanceStep.Disks, "FlavorDiskTooSmall",
                $"The image needs a disk of {(image.VirtualBytes + (1 << 30) - 1) >> 30} GiB, flavor {flavor.Name} has {flavor.RootGiB} GiB.", elsewhere: false);
        }

        var temporary = files.RootDisk + ".new";
        File.Delete(temporary);
        var outcome = await BoundedProcess.RunAsync(
            "qemu-img",
            ["create", "-q", "-f", "qcow2", "-F", image.Format == DiskFormat.Qcow2 ? "qcow2" : "raw", "-b", image.Path, temporary, size.ToString(CultureInfo.InvariantCulture)],
            CreateLimit,
            cancel);
        if (outcome.ExitCode != 0)
            throw new BuildFailure(InstanceStep.Disks, "DiskNotCreated", $"qemu-img could not make the root disk: {outcome.Error}", elsewhere: true);
        File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (var disk = File.OpenHandle(temporary, FileMode.Open, FileAccess.ReadWrite))
            RandomAccess.FlushToDisk(disk);
        DurableFile.Publish(temporary, files.RootDisk);
    }

    private async Task WriteConfigDriveAsync(Instance instance, InstanceFiles files, CancellationToken cancel)
    {
        var userData = await api.UserDataAsync(instance, cancel);
        if (!File.Exists(files.RandomSeed))
            DurableFile.Write(files.RandomSeed, RandomNumberGenerator.GetBytes(512));
        var tree = GuestMetadata.Files(instance, userData, await File.ReadAllBytesAsync(files.RandomSeed, cancel));
        var volume = IsoVolume.Create("config-2", tree, instance.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch);
        DurableFile.Write(files.ConfigDrive, volume);
    }

    private async Task DefineAsync(DomainDefinition definition, CancellationToken cancel)
    {
        try
        {
            await libvirt.Domains.DefineAsync(DomainXml.Write(definition), cancellationToken: cancel);
        }
        catch (LibvirtException error) when (!error.IsConnectionLost)
        {
            throw new BuildFailure(InstanceStep.Define, "NotDefined", $"libvirt refuses the domain: {error.Message}", elsewhere: true, error);
        }
    }
}
